"""What the policy pack costs: a preview of the stack `dev` with it and without it."""

from automation.environment import POLICY_PACK
from bench.desk import ours
from bench.figures import Figure, pairs, told


def measure() -> list[Figure]:
    """The difference of neighbouring runs, for each object; the pack's own start is in it."""
    bare, judged = ours(), ours(PULUMI_OPTION_POLICY_PACK=str(POLICY_PACK))
    objects = bare.objects().total()
    added = [(with_pack - without) / objects * 1000 for with_pack, without in pairs(judged.preview, bare.preview)]
    return [told("policy pack, added to a preview for each object", "ms", added)]
