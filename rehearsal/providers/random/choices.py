"""`RandomInteger`, `RandomPet` and `RandomShuffle`: a choice from a range, from words, from a list.

A `seed` gives the same choice each time, but not the official provider's, whose generator is Go's.
"""

import random
import secrets
from collections.abc import Iterable
from typing import ClassVar

import pulumi_random as sdk

from common.wire import Properties
from rehearsal.providers.base import Failure, ProviderError
from rehearsal.providers.computed import Made
from rehearsal.providers.input_checks import at_least
from rehearsal.providers.random.keepers import Kept
from rehearsal.providers.random.pet_names import ADJECTIVES, ADVERBS, ANIMALS


class Integer(Kept):
    """`RandomInteger`; imported as `result,min,max` or `result,min,max,seed`."""

    sdk = sdk.RandomInteger

    def problems(self, inputs: Properties) -> Iterable[Failure]:
        if inputs["min"] > inputs["max"]:
            yield Failure("min", "must not be greater than max")

    def create(self, inputs: Properties) -> Made:
        return self._made(_generator(inputs.get("seed", "")).randint(inputs["min"], inputs["max"]))

    def adopt(self, id_: str) -> tuple[Properties, Made]:
        numbers, seed = id_.split(",")[:3], id_.split(",")[3:]
        try:
            result, minimum, maximum = (int(number) for number in numbers)
        except ValueError as error:
            raise ProviderError("import a RandomInteger as 'result,min,max' or 'result,min,max,seed'") from error
        return {"min": minimum, "max": maximum} | ({"seed": ",".join(seed)} if seed else {}), self._made(result)

    def _made(self, result: int) -> Made:
        return Made(str(result), {"result": result})


class Pet(Kept):
    """`RandomPet`: adverbs, one adjective, one animal; a single word is the animal."""

    sdk = sdk.RandomPet
    defaults: ClassVar = {"length": 2, "separator": "-"}
    rules: ClassVar = {"length": at_least(1)}

    def create(self, inputs: Properties) -> Made:
        lists = [ADVERBS] * (inputs["length"] - 2) + [ADJECTIVES, ANIMALS][-inputs["length"] :]
        words = [secrets.choice(words) for words in lists]
        return Made(inputs["separator"].join([inputs["prefix"], *words] if inputs.get("prefix") else words), {})


class Shuffle(Kept):
    """`RandomShuffle`: permutations of `inputs`, one after the other, up to `resultCount` items."""

    sdk = sdk.RandomShuffle
    rules: ClassVar = {"resultCount": at_least(0)}

    def create(self, inputs: Properties) -> Made:
        items, generator = inputs["inputs"], _generator(inputs.get("seed", ""))
        wanted = inputs.get("resultCount", len(items)) if items else 0
        results: list[str] = []
        while len(results) < wanted:
            results += generator.sample(items, len(items))
        return Made("-", {"results": results[:wanted]})


def _generator(seed: str) -> random.Random:
    return random.Random(seed) if seed else random.SystemRandom()  # noqa: S311 - a seed asks to be predictable
