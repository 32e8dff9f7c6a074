"""What was read of Flower."""

from builder import Story
from cases import CONFORMS, DEVIATES, INCONCLUSIVE, case

RETRIES = {"--max-retries": "The maximum number of times the client will try to reconnect.", "--max-wait-time": "…"}


def options(**more: str) -> Story:
    return Story().tell("flower", "options.read", options={**RETRIES, **more})


@case("backoff-is-configurable", CONFORMS, "1 set a back-off")
def an_option_sets_the_backoff():
    return options(**{"--max-backoff": "Seconds."})


@case("backoff-is-configurable", CONFORMS, "1 set a back-off")
def an_option_says_so_in_its_help():
    return options(**{"--reconnect": "Kind of back-off: fixed or exponential."})


@case("backoff-is-configurable", DEVIATES, "0 set a back-off")
def no_option_sets_it():
    return options()


@case("backoff-is-configurable", INCONCLUSIVE, "no options.read")
@case("every-strategy-accepts-failures", INCONCLUSIVE, "no signatures.read")
def nothing_was_read():
    return Story().federation(1)


@case("backoff-is-configurable", INCONCLUSIVE, "no option was read")
def no_option_was_read():
    return Story().tell("flower", "options.read", options={})


def strategies(*defaults: object) -> Story:
    found = [{"api": "legacy", "name": f"S{n}", "has": it is not None, "default": it} for n, it in enumerate(defaults)]
    return Story().tell("flower", "signatures.read", strategies=found)


@case("every-strategy-accepts-failures", CONFORMS, "2 of 2")
def all_have_it():
    return strategies(True, True)


@case("every-strategy-accepts-failures", DEVIATES, "not: S1 (legacy)")
def one_lacks_it():
    return strategies(True, None)


@case("every-strategy-accepts-failures", DEVIATES, "1 of 2")
def one_has_it_false():
    return strategies(False, True)


@case("every-strategy-accepts-failures", INCONCLUSIVE, "no Strategy was read")
def no_strategy_was_read():
    return strategies()
