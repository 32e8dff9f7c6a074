Feature: Available clients drop below a minimum
  Pattern 3, table rows 5 and 6, and anti-pattern 1: below min_available_clients training waits; below min_fit_clients
  it goes on with what there is.

  @ROUND-MIN-AVAILABLE-WAITS @ROUND-MIN-AVAILABLE-RESUMES @takes-70s
  Scenario: Training pauses below min_available_clients and goes on when a SuperNode is back
    Given a federation of 3 SuperNodes
    And a run of 2 rounds of FedAvg, each fit lasting 5 s, with
      | min-available | 2 |
      | min-fit       | 2 |
    When round 1 is in fit on nodes 1, 2 and 3
    And nodes 1 and 2 are stopped
    And at most 90 s pass until round 1 has ended
    And 20 s pass
    And node 1 is started again
    And at most 60 s pass until round 2 has aggregated
    Then round 2 waits for 2 nodes, for 20 s at least (ROUND-MIN-AVAILABLE-WAITS)
    And round 2 aggregates results of nodes 1 and 3 (ROUND-MIN-AVAILABLE-RESUMES)

  @ROUND-MESSAGE-WAITS @takes-70s
  Scenario: Training pauses below min_available_nodes and goes on when a SuperNode is back, with the message API
    Given a federation of 3 SuperNodes
    And a run of 2 rounds of the message API's FedAvg, each fit lasting 5 s, with
      | min-available | 2 |
      | min-fit       | 2 |
    When round 1 is in fit on nodes 1, 2 and 3
    And nodes 1 and 2 are stopped
    And at most 90 s pass until round 1 has ended
    And 20 s pass
    And node 1 is started again
    And at most 60 s pass until round 2 has aggregated
    Then round 2 waits for 2 nodes, for 20 s at least
    And round 2 aggregates results of nodes 1 and 3

  @ROUND-ANTI-MIN-AVAILABLE-EQUALS-N @takes-60s
  Scenario: With min_available_clients equal to the number of nodes one failure blocks training
    Given a federation of 3 SuperNodes
    And a run of 2 rounds of FedAvg, each fit lasting 5 s, with
      | min-available | 3 |
      | min-fit       | 3 |
    When round 1 is in fit on nodes 1, 2 and 3
    And node 1 is stopped
    And at most 90 s pass until round 1 has ended
    And 20 s pass
    And node 1 is started again
    And at most 60 s pass until round 2 has aggregated
    Then round 2 waits for 3 nodes, for 20 s at least
    And round 2 aggregates results of nodes 1, 2 and 3

  @ROUND-ANTI-MIN-AVAILABLE-BELOW-N @takes-40s
  Scenario: With min_available_clients below the number of nodes training goes on after one failure
    Given a federation of 3 SuperNodes
    And a run of 3 rounds of FedAvg, each fit lasting 4 s, with
      | min-available   | 2    |
      | accept-failures | true |
    When round 1 is in fit on nodes 1, 2 and 3
    And node 1 is stopped
    And at most 90 s pass until round 3 has aggregated
    Then round 2 aggregates results of nodes 2 and 3
    And round 3 aggregates results of nodes 2 and 3

  @ROUND-BELOW-MIN-FIT-SAMPLING @ROUND-BELOW-MIN-FIT-ONCE-SAMPLED @takes-40s
  Scenario: Available clients drop below min_fit_clients in a round, and stay there for the next
    Given a federation of 3 SuperNodes
    And a run of 3 rounds of FedAvg, each fit lasting 5 s, with
      | min-fit         | 3    |
      | min-available   | 2    |
      | accept-failures | true |
    When round 1 is in fit on nodes 1, 2 and 3
    And node 3 is stopped
    And at most 90 s pass until round 1 has ended
    And at most 30 s pass until round 2 has sampled
    And at most 60 s pass until the run has ended
    Then round 1 aggregates results of nodes 1 and 2 (ROUND-BELOW-MIN-FIT-ONCE-SAMPLED)
    And round 2 proceeds with nodes 1 and 2, below the minimum of 3 (ROUND-BELOW-MIN-FIT-SAMPLING)

  @ROUND-MESSAGE-BELOW-MIN-TRAIN @takes-45s
  Scenario: Fewer nodes than min_train_nodes are available, with the message API
    Given a federation of 2 SuperNodes
    And a run of 1 rounds of the message API's FedAvg, each fit lasting 2 s, with
      | min-fit       | 3 |
      | min-available | 2 |
    When at most 30 s pass until round 1 has sampled
    Then round 1 proceeds with nodes 1 and 2, below the minimum of 3
