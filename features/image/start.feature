@takes-5s
Feature: How it starts
  Code example 3; Open question 1: contextualization, the network, the appliance's own scripts, as far as an image shows
  it that is not booted.

  Background:
    Given the image under test has been read

  @IMAGE-BOOT-SCRIPT
  Scenario: The appliance's scripts are there
    Then the boot script and the health check are there and can be executed

  @IMAGE-CONTEXT
  Scenario: Contextualization is there
    Then contextualization starts at boot, looks for its disk and reports READY

  @IMAGE-CONTEXT-INSTALLS
  Scenario: OpenNebula's package installs on a minimal image
    Then OpenNebula's own contextualization package is installed and enabled

  @IMAGE-CONTEXT-NETWORK
  Scenario: The interface comes up
    Then the network manager that contextualization configures starts at boot
