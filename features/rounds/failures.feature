Feature: A client disconnects during fit()
  Pattern 3, table row 1: the server records a failure in `failures`, and the round proceeds.

  @ROUND-FAIL-TERM @ROUND-FAIL-RECORDED @takes-40s
  Scenario: A SuperNode is stopped in the middle of its fit
    Given a federation of 3 SuperNodes
    And a run of 2 rounds of FedAvg, each fit lasting 8 s
    When round 1 is in fit on nodes 1, 2 and 3
    And node 1 is stopped
    And at most 150 s pass until round 1 has ended
    Then round 1 records the failure of node 1
