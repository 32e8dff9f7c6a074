Feature: A client disconnects during fit()
  Pattern 3, table row 1: the server records a failure in `failures`; the round proceeds with the results that came back.

  @ROUND-FAIL-TERM @ROUND-FAIL-RECORDED @ROUND-PROCEEDS @ROUND-AGGREGATE-SURVIVORS @ROUND-NOT-SAMPLED-TERM @takes-35s
  Scenario: A SuperNode is stopped in the middle of its fit
    Given a federation of 3 SuperNodes
    And a run of 2 rounds of FedAvg, each fit lasting 6 s, with
      | accept-failures | true |
    When round 1 is in fit on nodes 1, 2 and 3
    And node 1 is stopped
    And at most 150 s pass until round 1 has ended
    And at most 60 s pass until round 2 has aggregated
    Then round 1 records the failure of node 1 (ROUND-FAIL-TERM, ROUND-FAIL-RECORDED)
    And round 1 is aggregated (ROUND-PROCEEDS)
    And the aggregate of round 1 is the mean of the results that came back (ROUND-AGGREGATE-SURVIVORS)
    And round 2 aggregates results of nodes 2 and 3 (ROUND-PROCEEDS)
    And round 2 does not sample node 1 (ROUND-NOT-SAMPLED-TERM)

  @ROUND-FAIL-CRASH @ROUND-FAIL-RECORDED @ROUND-PROCEEDS @ROUND-AGGREGATE-SURVIVORS @takes-90s
  Scenario: A SuperNode is killed in the middle of its fit
    Given a federation of 3 SuperNodes
    And a run of 2 rounds of FedAvg, each fit lasting 6 s, with
      | accept-failures | true |
    When round 1 is in fit on nodes 1, 2 and 3
    And node 1 is killed
    And at most 150 s pass until round 1 has ended
    And at most 60 s pass until round 2 has aggregated
    Then round 1 records the failure of node 1 (ROUND-FAIL-CRASH, ROUND-FAIL-RECORDED)
    And round 1 is aggregated (ROUND-PROCEEDS)
    And the aggregate of round 1 is the mean of the results that came back (ROUND-AGGREGATE-SURVIVORS)
    And round 2 aggregates results of nodes 2 and 3 (ROUND-PROCEEDS)

  @ROUND-FAIL-CUT-LONG @ROUND-FAIL-RECORDED @ROUND-REJOIN @takes-190s
  Scenario: The link of a SuperNode is cut for 90 s in the middle of its fit
    Given a federation of 2 SuperNodes
    And a run of 2 rounds of FedAvg, each fit lasting 10 s, with
      | min-available | 2 |
      | min-fit       | 2 |
    When round 1 is in fit on nodes 1 and 2
    And the link of node 1 is cut for 90 s
    And at most 150 s pass until round 1 has ended
    And at most 150 s pass until round 2 has aggregated
    Then round 1 records the failure of node 1 (ROUND-FAIL-CUT-LONG, ROUND-FAIL-RECORDED)
    And round 2 aggregates results of nodes 1 and 2 (ROUND-REJOIN)

  @ROUND-FAIL-CLIENTAPP-CRASH @takes-150s
  Scenario: The ClientApp of a SuperNode is killed in the middle of its fit, and the SuperNode lives
    Given a federation of 2 SuperNodes
    And a run of 1 rounds of FedAvg, each fit lasting 10 s
    When round 1 is in fit on nodes 1 and 2
    And the ClientApp of node 1 is killed
    And at most 130 s pass until round 1 has ended
    Then round 1 records the failure of node 1

  @ROUND-FAIL-CUT-SHORT
  Rule: The link is cut for less than the 60 s after which the SuperLink takes a node for offline

    @takes-40s
    Scenario: The link of a SuperNode is cut for 5 s in the middle of its fit
      Given a federation of 2 SuperNodes
      And a run of 1 rounds of FedAvg, each fit lasting 10 s
      When round 1 is in fit on nodes 1 and 2
      And the link of node 1 is cut for 5 s
      And at most 150 s pass until round 1 has ended
      Then round 1 records the failure of node 1

    @takes-75s
    Scenario: The link of a SuperNode is cut for 30 s in the middle of its fit
      Given a federation of 2 SuperNodes
      And a run of 1 rounds of FedAvg, each fit lasting 10 s
      When round 1 is in fit on nodes 1 and 2
      And the link of node 1 is cut for 30 s
      And at most 150 s pass until round 1 has ended
      Then round 1 records the failure of node 1
