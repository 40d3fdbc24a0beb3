"""Words for `RandomPet`. Our own choice: the official provider's lists are longer and other ones."""

from typing import Final


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


ADVERBS: Final = _words(
    "badly barely boldly briefly brightly calmly clearly closely daily deeply early easily evenly fairly firmly "
    "freely fully gently gladly greatly happily hardly highly kindly largely lately lightly loudly mainly mildly "
    "neatly nicely openly partly plainly poorly promptly quickly quietly rarely really safely sharply simply "
    "slowly smoothly softly surely swiftly tightly truly vastly warmly weekly wholly widely wildly wisely yearly"
)

ADJECTIVES: Final = _words(
    "able agile alert amber ample azure bold brave brief bright brisk broad calm candid clean clear clever cosmic "
    "crisp curious daring deep eager early easy equal exact fair fast fine firm fleet fresh gentle glad golden "
    "grand great green happy hardy honest humble jolly keen kind large lively loyal lucky mellow merry mild modest "
    "neat nimble noble patient plain polite proud quick quiet rapid ready robust rustic silver sincere smart solid "
    "sound stable steady strong subtle sunny swift tidy tough trusty upbeat valid vivid warm wise witty young zesty"
)

ANIMALS: Final = _words(
    "adder alpaca ant badger bat bear beaver bee bison boar bobcat buffalo camel carp cat chamois cobra cod colt "
    "condor cougar cow coyote crab crane cricket crow deer dingo dog dolphin donkey dove dragonfly duck eagle eel "
    "egret elk falcon ferret finch firefly fox frog gazelle gecko gibbon goat goose gull hamster hare hawk hedgehog "
    "heron herring horse hyena ibex iguana impala jackal jaguar jay kestrel kiwi koala lark lemur leopard lion "
    "lizard llama lobster lynx magpie marmot marten mole moose moth mouse mule newt ocelot octopus orca osprey otter "
    "owl ox panda panther parrot pelican penguin pig pigeon pony puffin puma quail rabbit raccoon raven reindeer "
    "robin salmon seal shark sheep shrew skunk snail sparrow spider squid stork swan tapir tiger toad trout tuna "
    "turtle viper vole walrus wasp weasel whale wolf wombat wren yak zebra"
)
