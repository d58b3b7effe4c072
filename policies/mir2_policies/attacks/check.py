"""How much stronger the suite of attacks is than a given adversary."""

from typing import Any

from mir2_core.bundle import PolicyBundle
from mir2_core.errors import UserError
from mir2_core.tasks import on_floor
from mir2_core.traitors.trained import AdversaryBundle

from mir2_policies.attacks.config import AttackConfig
from mir2_policies.attacks.duel import Duel
from mir2_policies.evaluation.episodes import bundle_act, run_episodes
from mir2_policies.evaluation.returns import FINAL_SEED, mean_and_error

EPISODES = 256


def require_alike(adversary: AdversaryBundle, victim: PolicyBundle, config: AttackConfig) -> None:
    """Refuse an adversary of another victim, threat or traitors than those of the suite."""
    adversary.require_victim(victim)
    adversary.require_robots(config.robots)
    if adversary.info.threat != config.threat:
        raise UserError(
            f"{adversary.path}: trained for the threat '{adversary.info.threat}', not for '{config.threat}'; give "
            f"--threat {adversary.info.threat}"
        )


def harm(adversary: AdversaryBundle, duel: Duel) -> dict[str, Any]:
    """What the adversary costs from the fresh starts of the suite, the team computed as robots do it."""
    task, act = on_floor(duel.victim.task(), str(duel.victim.path)), bundle_act(duel.victim)
    loyal = run_episodes(task, act, EPISODES, FINAL_SEED)
    robots, tracker = adversary.info.robots, duel.config.tracker
    played = run_episodes(task, act, EPISODES, FINAL_SEED, robots=robots, traitor=adversary, tracker=tracker)
    lost = (duel.aimed(loyal) - duel.aimed(played)).double().numpy()
    return {"adversary": str(adversary.path)} | mean_and_error("loss", lost) | {"episodes": EPISODES}
