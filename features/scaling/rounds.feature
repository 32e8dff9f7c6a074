Feature: Scaling in the middle of a round
  Summary, Pitfall 1 and anti-pattern 4: OneFlow knows nothing of rounds; what it removes fails, what it adds joins.

  Fits last long enough that a scaling finds them in their middle on a busy machine, too.

  Rule: What is added

    @SCALE-UP-JOINS-NEXT-ROUND @takes-80s
    Scenario: A SuperNode that is added in the middle of a round takes part from the next round
      Given a service of 2 SuperNodes
      And a run of 4 rounds of FedAvg, each fit lasting 18 s
      When round 1 is in fit on nodes 1 and 2
      And role supernode is scaled to 3
      And at most 60 s pass until node 3 is online
      And at most 90 s pass until node 3 has been counted
      Then node 3, which came in round 1, joins the next round

    @SCALE-PARTITION-ID-AFTER-SCALING @takes-60s
    Scenario: A scale-down and a scale-up leave two SuperNodes with the same auto-computed partition-id
      Given a service of 3 SuperNodes
      And a run of 4 rounds of FedAvg, each fit lasting 6 s, with
        | min-available | 3 |
        | min-fit       | 3 |
      When round 1 is in fit on nodes 1, 2 and 3
      And role supernode is scaled to 2
      And at most 60 s pass until role supernode has 2 VMs
      And at most 60 s pass until the service is RUNNING
      And role supernode is scaled to 3
      And at most 60 s pass until node 4 is online
      And at most 90 s pass until node 4 has been counted
      Then two of the 3 nodes have the same partition-id

  Rule: What is removed

    @SCALE-DOWN-FAILURE-RECORDED @takes-50s
    Scenario: A scale-down in the middle of a round is a failure of that round
      Given a service of 3 SuperNodes
      And a run of 2 rounds of FedAvg, each fit lasting 20 s, with
        | min-available | 2 |
      When round 1 is in fit on nodes 1, 2 and 3
      And role supernode is scaled to 2
      And at most 90 s pass until round 1 has ended
      Then round 1 records the 1 node that was removed as its failure

    @SCALE-DOWN-BLIND @takes-50s
    Scenario: A policy that becomes due while a round is in fit scales down at once
      Given a service of 3 SuperNodes
      And a run of 1 rounds of FedAvg, each fit lasting 30 s, with
        | min-available | 2 |
      When round 1 is in fit on nodes 1, 2 and 3
      And VM 2 of role supernode publishes `LOAD=5`
      And role supernode is given the policy
        | type   | adjust | expression | period | period_number | cooldown |
        | CHANGE | -1     | LOAD < 20  | 2      | 1             | 60       |
      And at most 90 s pass until round 1 has ended
      Then a node is removed before round 1 has ended

    @SCALE-DOWN-FTFA-TOLERATES @takes-50s
    Scenario: FaultTolerantFedAvg tolerates a scale-down that removes half of a round's clients
      Given a service of 2 SuperNodes
      And a run of 1 rounds of FaultTolerantFedAvg, each fit lasting 20 s, with
        | completion-rate-fit | 0.5 |
      When round 1 is in fit on nodes 1 and 2
      And role supernode is scaled to 1
      And at most 90 s pass until round 1 has aggregated
      Then the fit of round 1 is aggregated with 1 results and 1 failures

    @SCALE-DOWN-ROUND-FAILS @SCALE-DOWN-LOG-NOT-ENOUGH @takes-60s
    Scenario: A scale-down that removes more clients than FaultTolerantFedAvg tolerates
      Given a service of 3 SuperNodes
      And a run of 1 rounds of FaultTolerantFedAvg, each fit lasting 20 s, with
        | completion-rate-fit | 0.5 |
      When round 1 is in fit on nodes 1, 2 and 3
      And role supernode is scaled to 1
      And at most 90 s pass until round 1 has aggregated
      And the logs are read
      Then the fit of round 1 gives None with 1 results and 2 failures (SCALE-DOWN-ROUND-FAILS)
      And round 1 leaves the model unchanged (SCALE-DOWN-ROUND-FAILS)
      And the logs say "not enough results" (SCALE-DOWN-LOG-NOT-ENOUGH)

  Rule: Below a minimum

    @SCALE-BELOW-MIN-AVAILABLE-PAUSES @takes-90s
    Scenario: Training pauses when a scale-down goes below min_available_clients, and goes on after a scale-up
      Given a service of 3 SuperNodes
      And a run of 2 rounds of FedAvg, each fit lasting 15 s, with
        | min-available | 2 |
        | min-fit       | 2 |
      When round 1 is in fit on nodes 1, 2 and 3
      And role supernode is scaled to 1
      And at most 90 s pass until round 1 has ended
      And 15 s pass
      And role supernode is scaled to 2
      And at most 90 s pass until round 2 has aggregated
      Then round 2 waits for 2 nodes, for 15 s at least
      And round 2 aggregates a result of node 4

    @SCALE-MIN-VMS-DEADLOCK @takes-70s
    Scenario: With min_vms below FL_MIN_FIT_CLIENTS a policy leaves training in a deadlock
      Given a service of 2 SuperNodes with
        | min_vms | 1 |
      And a run of 3 rounds of FedAvg, each fit lasting 25 s, with
        | min-available | 2 |
        | min-fit       | 2 |
      When round 1 is in fit on nodes 1 and 2
      And VM 2 of role supernode publishes `LOAD=5`
      And role supernode is given the policy
        | type   | adjust | expression | period | period_number | cooldown |
        | CHANGE | -1     | LOAD < 20  | 2      | 1             | 5        |
      And at most 60 s pass until 1 SuperNode has been removed
      And at most 90 s pass until round 1 has ended
      And 30 s pass
      Then round 2 waits, and the run stays running, for 30 s at least

    @SCALE-MIN-VMS-KEEPS-ROUNDS @takes-50s
    Scenario: With min_vms below FL_MIN_FIT_CLIENTS, and enough clients available, rounds wait for more
      Given a service of 2 SuperNodes with
        | min_vms | 1 |
      And a run of 4 rounds of FedAvg, each fit lasting 25 s, with
        | min-available | 1 |
        | min-fit       | 2 |
      When round 1 is in fit on nodes 1 and 2
      And VM 2 of role supernode publishes `LOAD=5`
      And role supernode is given the policy
        | type   | adjust | expression | period | period_number | cooldown |
        | CHANGE | -1     | LOAD < 20  | 2      | 1             | 5        |
      And at most 60 s pass until 1 SuperNode has been removed
      And at most 90 s pass until the run has ended
      Then no round from round 2 on goes by without nodes
