Feature: An appliance looks for its SuperLink
  Pattern 1, row 8; Pattern 3, layers 2 and 3; code example 3: the boot script of the edge appliance asks OneGate, waits
  and tries again. FL_TIME_SCALE makes its waits shorter, all by the same factor, and leaves them so long that the seconds
  of a busy machine do not matter.

  Rule: Nobody is there

    @CONN-DISCOVERY-RETRIES @takes-100s
    Scenario: OneGate knows no SuperLink, 30 times
      Given a service of 1 SuperNodes whose SuperLink is not ready, with the context
        | FL_EDGE_BACKOFF | fixed |
        | FL_TIME_SCALE   | 0.3   |
      When at most 240 s pass until node 1 has ended
      Then node 1 tries 30 times, 10 s apart, and ends with a failure

    @CONN-DISCOVERY-RETRIES @nightly @takes-330s
    Scenario: OneGate knows no SuperLink, 30 times, in real time
      Given a service of 1 SuperNodes whose SuperLink is not ready, with the context
        | FL_EDGE_BACKOFF | fixed |
        | FL_TIME_SCALE   | 1     |
      When at most 600 s pass until node 1 has ended
      Then node 1 tries 30 times, 10 s apart, and ends with a failure

    @CONN-EDGE-BACKOFF-EXPONENTIAL @CONN-EDGE-BACKOFF-MAX @takes-70s
    Scenario: With FL_EDGE_BACKOFF exponential the waits double up to FL_EDGE_MAX_BACKOFF
      Given a service of 1 SuperNodes whose SuperLink is not ready, with the context
        | FL_EDGE_BACKOFF     | exponential |
        | FL_EDGE_MAX_BACKOFF | 80          |
        | FL_TIME_SCALE       | 0.2         |
      When at most 180 s pass until node 1 has asked for its SuperLink 7 times
      Then the waits of node 1 begin with 10 s and double, up to 80 s (CONN-EDGE-BACKOFF-EXPONENTIAL)
      And the waits of node 1 reach 80 s and never exceed it (CONN-EDGE-BACKOFF-MAX)

    @CONN-EDGE-BACKOFF-FIXED @takes-30s
    Scenario: With FL_EDGE_BACKOFF fixed the waits are all the same
      Given a service of 1 SuperNodes whose SuperLink is not ready, with the context
        | FL_EDGE_BACKOFF | fixed |
        | FL_TIME_SCALE   | 0.4   |
      When at most 120 s pass until node 1 has asked for its SuperLink 7 times
      Then the waits of node 1 are all 10 s

  Rule: It comes late

    @CONN-DISCOVERY-LATE-SUPERLINK @takes-40s
    Scenario: The SuperLink is ready later than the SuperNode
      Given a service of 1 SuperNodes whose SuperLink is not ready, with the context
        | FL_TIME_SCALE | 0.1 |
      When at most 60 s pass until node 1 has asked for its SuperLink 4 times
      And the SuperLink becomes ready
      And at most 60 s pass until node 1 is online
      And a run of 1 rounds of Flower's own FedAvg is started, each fit lasting 1 s, with
        | min-available | 1 |
        | min-fit       | 1 |
      And at most 90 s pass until round 1 has aggregated
      Then node 1 finds the SuperLink after 4 tries or more, and works

  Rule: What the context says

    @CONN-EDGE-ADDRESS-GIVEN @CONN-PARTITION-EXPLICIT @takes-30s
    Scenario: The context gives the SuperLink's address and the partition-id
      Given a service of 1 SuperNodes with the context
        | FL_SUPERLINK_ADDRESS | link                              |
        | FL_NODE_CONFIG       | partition-id=7 num-partitions=8   |
      And a run of 1 rounds of Flower's own FedAvg, each fit lasting 1 s, with
        | min-available | 1 |
        | min-fit       | 1 |
      When at most 90 s pass until round 1 has aggregated
      Then node 1 works and has asked OneGate for nothing (CONN-EDGE-ADDRESS-GIVEN)
      And node 1 trains on partition 7, as its context says (CONN-PARTITION-EXPLICIT)

    @CONN-EDGE-MAX-RETRIES-ZERO @takes-70s
    Scenario: With FL_MAX_RETRIES 0 the appliance works again after a cut
      Given a service of 1 SuperNodes with the context
        | FL_MAX_RETRIES | 0 |
      And a run of 3 rounds of Flower's own FedAvg, each fit lasting 2 s, with
        | min-available | 1 |
        | min-fit       | 1 |
      When round 1 is in fit on node 1
      And the link of node 1 is cut for 15 s
      And at most 120 s pass until node 1 has worked again
      Then node 1 works again

    @CONN-EDGE-MAX-RETRIES-HANDED-ON @takes-30s
    Scenario: With FL_MAX_RETRIES 0 handed on to Flower the appliance goes on trying
      Given a service of 1 SuperNodes with the context
        | FL_MAX_RETRIES   | 0            |
        | FL_RETRY_MEANING | as-specified |
      When the link of node 1 is cut
      And at most 60 s pass until node 1 has ended
      Then node 1, whose appliance handed 0 on, goes on trying

    @CONN-PARTITION-AUTO @takes-60s
    Scenario: VMs are removed while a SuperNode is cut off
      Given a service of 3 SuperNodes
      When the link of node 3 is cut
      And role supernode is scaled to 2
      And at most 90 s pass until role supernode has 2 VMs
      And the link of node 3 is healed
      And a run of 1 rounds of Flower's own FedAvg is started, each fit lasting 1 s, with
        | min-available | 2 |
        | min-fit       | 2 |
      And at most 120 s pass until round 1 has aggregated
      Then the partition-id of node 3 no longer fits its place in the role
