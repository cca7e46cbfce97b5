"""The manifests of deploy/kubernetes: valid for the API, and agreeing with each other and with the image."""

import kubernetes_validate
import yaml
from sage import ROOT

FOLDER = ROOT / "deploy/kubernetes"
OURS = list(yaml.safe_load_all((FOLDER / "sage-mcp.yaml").read_text()))
DATABASE = list(yaml.safe_load_all((FOLDER / "database.yaml").read_text()))
KINDS = {each["kind"]: each for each in OURS + DATABASE}


def test_manifests_are_valid():
    for each in OURS:
        kubernetes_validate.validate(each, "1.33", strict=True)
    assert {each["kind"] for each in OURS} == {"Namespace", "Deployment", "Service", "PodDisruptionBudget", "NetworkPolicy"}


def test_a_wrong_manifest_is_seen():
    wrong = yaml.safe_load((FOLDER / "sage-mcp.yaml").read_text().split("---")[1].replace("replicas: 3", "replicas: three"))
    try:
        kubernetes_validate.validate(wrong, "1.33", strict=True)
    except kubernetes_validate.ValidationError:
        return
    raise AssertionError("nothing is validated")


def test_selectors_find_their_pods():
    labels = KINDS["Deployment"]["spec"]["template"]["metadata"]["labels"]
    for selector in (KINDS["Deployment"]["spec"]["selector"]["matchLabels"], KINDS["Service"]["spec"]["selector"],
            KINDS["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"], KINDS["NetworkPolicy"]["spec"]["podSelector"]["matchLabels"]):
        assert selector.items() <= labels.items()


def test_pods_are_as_restricted_as_the_namespace_demands():
    pod = KINDS["Deployment"]["spec"]["template"]["spec"]
    container = pod["containers"][0]["securityContext"]
    assert pod["securityContext"]["runAsNonRoot"] and pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container == {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}
    assert pod["securityContext"]["runAsUser"] == 10001  # of the image


def test_the_drain_fits_into_the_grace():
    """A lame duck instead of a preStop that sleeps; the server itself refuses what does not fit."""
    pod = KINDS["Deployment"]["spec"]["template"]["spec"]
    [container] = pod["containers"]
    assert "lifecycle" not in container
    environment = {each["name"]: each["value"] for each in container["env"]}
    lame_duck, drain, grace = (int(environment[name]) for name in ("LAME_DUCK_MS", "DRAIN_MS", "STOP_GRACE_MS"))
    assert grace == pod["terminationGracePeriodSeconds"] * 1000
    assert 0 < lame_duck + drain < grace


def test_the_server_uses_the_cluster_of_the_operator():
    """The operator's names: NAME-rw is the primary, NAME-app the owner's password, NAME-ca the authority."""
    cluster = KINDS["Cluster"]["metadata"]["name"]
    pod = KINDS["Deployment"]["spec"]["template"]["spec"]
    environment = {each["name"]: each["value"] for each in pod["containers"][0]["env"]}
    assert environment["DB_HOST"] == f"{cluster}-rw"
    assert {each["secret"]["secretName"] for each in pod["volumes"]} == {f"{cluster}-app", f"{cluster}-ca"}
    created = KINDS["Cluster"]["spec"]["bootstrap"]["initdb"]
    assert (environment["DB_NAME"], environment["DB_USER"]) == (created["database"], created["owner"])
    assert KINDS["ScheduledBackup"]["spec"]["cluster"]["name"] == cluster
