Feature: Partition-ids across restarts
  Pitfall 2: a partition-id is a value of the boot; nothing recomputes it, and nothing keeps two nodes from having the same.

  @CONN-PARTITION-ID-AFTER-RESTART @takes-50s
  Scenario: A SuperNode is stopped and started again
    Given a federation of 2 SuperNodes
    When node 1 is stopped
    And node 1 is started again
    And at most 60 s pass until node 1 is online
    And a run of 1 rounds of Flower's own FedAvg is started, each fit lasting 1 s
    And at most 90 s pass until round 1 has aggregated
    Then node 1 takes the partition-id of its configuration, under a new node id

  @CONN-PARTITION-DUPLICATES @takes-35s
  Scenario: Two SuperNodes have one and the same partition-id
    Given a federation of 2 SuperNodes with
      | partition-id of node 2 | 0 |
    And a run of 1 rounds of Flower's own FedAvg, each fit lasting 1 s
    When at most 90 s pass until round 1 has aggregated
    Then nodes 1 and 2 are accepted with one partition-id
