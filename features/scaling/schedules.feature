Feature: Scheduled policies
  OneFlow Elasticity Engine, row 2, and code example 2. The cloud has a clock of its own, which is moved, and
  OpenNebula's default settings; its VMs run nothing.

  @SCALE-SCHEDULED-CRON @takes-5s
  Scenario: A week of the working-day schedule
    Given the service template under test on a cloud with a clock of its own
    When 168 hours of the cloud's clock pass
    Then role supernode has what its schedule says at each of its times

  @SCALE-SCHEDULED-ONCE @takes-5s
  Scenario: A policy with a start time, and a role that is scaled back by hand
    Given a service of 2 SuperNodes on a cloud with a clock of its own, with the scheduled policies
      | type        | adjust | start_time          |
      | CARDINALITY | 4      | 2026-11-23 12:00:00 |
    When 24 hours of the cloud's clock pass
    And role supernode is scaled to 2
    And 48 hours of the cloud's clock pass
    Then role supernode scales once at the time of its policy, and not again
