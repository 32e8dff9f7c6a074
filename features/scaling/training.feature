Feature: Policies that see training
  Pattern 2, pitfalls 1 and 5, code example 2: elasticity by load and by published metrics, end to end; what a cooldown is
  worth to a round.

  What keeps a whole core busy for a minute runs with --nightly: all other scenarios would have to do with the rest.

  Rule: By load

    @SCALE-CPU-UP @nightly @takes-60s
    Scenario: Under load the policy `CPU > 80` adds a SuperNode, which trains
      Given a service of 1 SuperNodes
      And a run of 12 rounds of FedAvg, each fit lasting 8 s, with
        | min-available | 1 |
        | min-fit       | 1 |
        | fit-processes | 1 |
      When round 1 is in fit on node 1
      And role supernode is given the policy
        | type   | adjust | expression | period | period_number | cooldown |
        | CHANGE | 1      | CPU > 80   | 2      | 2             | 300      |
      And at most 150 s pass until node 2 is online
      And at most 90 s pass until node 2 has been counted
      Then the policy `CPU > 80` adds node 2, which trains

    @SCALE-CPU-DOWN @takes-60s
    Scenario: When idle the policy `CPU < 20` removes VMs one at a time, down to min_vms
      Given a service of 3 SuperNodes with
        | min_vms | 1 |
      When role supernode is given the policy
        | type   | adjust | expression | period | period_number | cooldown |
        | CHANGE | -1     | CPU < 20   | 2      | 2             | 2        |
      And at most 120 s pass until the policy is true with 1 VM
      Then the policy `CPU < 20` removes one VM at a time, down to 1 and no further

  Rule: By what SuperNodes publish

    @SCALE-METRIC-TRIGGERS @takes-60s
    Scenario: A policy on the round's number, which SuperNodes publish, adds a SuperNode, which trains
      Given a service of 2 SuperNodes
      And a run of 8 rounds of FedAvg, each fit lasting 8 s
      When role supernode is given the policy
        | type   | adjust | expression          | period | period_number | cooldown |
        | CHANGE | 1      | FL_ROUND_NUMBER > 1 | 2      | 1             | 300      |
      And at most 120 s pass until node 3 is online
      And at most 90 s pass until node 3 has been counted
      Then the policy `FL_ROUND_NUMBER > 1` adds node 3, which trains

    @SCALE-METRIC-TRAINING-ACTIVE @SCALE-METRIC-ROUND-NUMBER @SCALE-METRIC-CLIENT-STATUS @takes-70s
    Scenario: SuperNodes publish what they do
      Given a service of 2 SuperNodes
      And a run of 3 rounds of FedAvg, each fit lasting 5 s, with
        | fit-seconds-at | */1:14 |
      When at most 120 s pass until the run has ended
      And the link of node 1 is cut for 25 s
      Then FL_TRAINING_ACTIVE of node 1 follows its fits (SCALE-METRIC-TRAINING-ACTIVE)
      And FL_ROUND_NUMBER of node 1 follows its fits (SCALE-METRIC-ROUND-NUMBER)
      And FL_CLIENT_STATUS of node 1 follows its fits and its link (SCALE-METRIC-CLIENT-STATUS)

  Rule: What a cooldown is worth to a round

    @SCALE-COOLDOWN-PROTECTS-ROUND @takes-90s
    Scenario: A cooldown longer than a round keeps a second client in it
      Given a service of 3 SuperNodes with
        | min_vms | 1 |
      And a run of 9 rounds of FedAvg, each fit lasting 15 s, with
        | min-available | 1 |
        | min-fit       | 1 |
      When round 1 is in fit on nodes 1, 2 and 3
      And VM 3 of role supernode publishes `LOAD=5`
      And role supernode is given the policy
        | type   | adjust | expression | period | period_number | cooldown |
        | CHANGE | -1     | LOAD < 20  | 2      | 1             | 45       |
      And at most 60 s pass until 1 SuperNode has been removed
      And at most 90 s pass until round 1 has ended
      And at most 90 s pass until 2 SuperNodes have been removed
      Then round 1 loses one node only

    @SCALE-COOLDOWN-SHORT-HITS-ROUND @takes-70s
    Scenario: A cooldown shorter than a round lets a policy take client after client out of it
      Given a service of 3 SuperNodes with
        | min_vms | 1 |
      And a run of 1 rounds of FedAvg, each fit lasting 40 s, with
        | min-available | 1 |
        | min-fit       | 1 |
      When round 1 is in fit on nodes 1, 2 and 3
      And VM 3 of role supernode publishes `LOAD=5`
      And role supernode is given the policy
        | type   | adjust | expression | period | period_number | cooldown |
        | CHANGE | -1     | LOAD < 20  | 2      | 1             | 2        |
      And at most 60 s pass until 2 SuperNodes have been removed
      And at most 90 s pass until round 1 has ended
      Then round 1 records 2 removed nodes or more as its failures
