Feature: The SuperLink restarts
  Pattern 3, layer 1: unlimited reconnection handles SuperLink restarts.

  @CONN-SUPERLINK-RESTART-MEMORY @takes-100s
  Scenario: A SuperLink with its state in memory restarts
    Given a federation of 2 SuperNodes
    When the SuperLink is restarted
    And at most 45 s pass until node 1 is online
    And at most 45 s pass until node 2 is online
    Then nodes 1 and 2 are online again under their node ids

  # With the message API: the legacy one pushes the messages of a round from a thread each, and a SuperLink 1.25.0 with a
  # database fails some of those (UNIQUE constraint failed: objects.object_id), restart or not.
  @CONN-SUPERLINK-RESTART-DATABASE @CONN-SUPERLINK-RESTART-RUN-RESUMES @takes-150s
  Scenario: A SuperLink with a database restarts in the middle of a run
    Given a federation of 2 SuperNodes with
      | state | database |
    And a run of 2 rounds of Flower's own message API FedAvg, each fit lasting 6 s
    When round 1 is in fit on nodes 1 and 2
    And the SuperLink is restarted
    And at most 120 s pass until the run has ended
    And at most 90 s pass until node 1 is online
    And at most 90 s pass until node 2 is online
    And a run of 1 rounds of Flower's own message API FedAvg is started, each fit lasting 1 s
    And at most 90 s pass until round 1 has aggregated
    Then nodes 1 and 2 are online again under their node ids (CONN-SUPERLINK-RESTART-DATABASE)
    And a new run aggregates results of nodes 1 and 2 under their node ids (CONN-SUPERLINK-RESTART-DATABASE)
    And the run that was under way completes (CONN-SUPERLINK-RESTART-RUN-RESUMES)
