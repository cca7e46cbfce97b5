"""F2: one backend is killed the hard way, and PostgreSQL ends all others with it.

No answer is wrong, every connection that was in use is given back, and the process lives.
"""

import os
import random
import signal

from trial import RECOVERED_S, all_leases_are_back, backends, saving


def test_kill_of_a_backend(trial, cluster):
    """kill -9 of a backend under load, three times."""
    server = trial.start(DATABASE_URL=cluster.uri)
    recovered = []
    with trial.load(server) as load:
        for _ in range(3):
            os.kill(random.choice(backends(cluster.uri)), signal.SIGKILL)
            recovered.append(saving(load))
    trial.note(f"saves again {max(recovered):.2f} s after the kill, {len(load.failed_reads())} reads failed")
    trial.check(load, cluster.uri)
    all_leases_are_back(server)
    assert max(recovered) < RECOVERED_S
