-- What an original Sage left in its tables: vectors as heavy-tailed as a model's, a random one where embedding failed, none, no session.
INSERT INTO sessions (id, name) VALUES ('old', 'An old session');
INSERT INTO memories (session_id, user_input, assistant_response, embedding, metadata, created_at)
    SELECT 'old', 'question ' || i, 'answer ' || i, (SELECT array_agg(power(sin(k * i), 15) ORDER BY k) FROM generate_series(1, 4096) AS k)::vector,
        jsonb_build_object('n', 1, 'content_hash', md5(i::text)), '2024-01-01'
    FROM generate_series(1, 3) AS i;
INSERT INTO memories (session_id, user_input, assistant_response, embedding, created_at)
    SELECT 'random', 'a pelican lands', 'noted', array_agg(random() - 0.5)::vector, '2024-01-02'
    FROM generate_series(1, 4096);
INSERT INTO memories (session_id, user_input, assistant_response, metadata, created_at)
    VALUES (NULL, '鹈鹕在哪里', '在湖边', NULL, '2024-01-03');
INSERT INTO memories (session_id, user_input, assistant_response, metadata, created_at)
    VALUES ('agents', 'report on the build', 'it is green', '{"is_agent_report": true, "agent_name": "builder",
        "agent_task_id": "t1"}', '2024-01-04');
