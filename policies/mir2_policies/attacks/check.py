"""How much stronger the suite of attacks is than a given adversary."""

from typing import Any

from mir2_core.bundle import PolicyBundle
from mir2_core.errors import UserError
from mir2_core.tasks import on_floor
from mir2_core.traitors.trained import AdversaryBundle

from mir2_policies.attacks.config import AttackConfig
from mir2_policies.attacks.threats import THREATS
from mir2_policies.evaluation.episodes import Arena, bundle_act, run_episodes
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


def harm(adversary: AdversaryBundle, victim: PolicyBundle) -> dict[str, Any]:
    """What the adversary costs from the fresh starts of the suite."""
    info, act = adversary.info, bundle_act(victim)
    task = on_floor(victim.task(), str(victim.path))
    loyal = run_episodes(task, act, EPISODES, FINAL_SEED)
    played = run_episodes(task, act, EPISODES, FINAL_SEED, robots=info.robots, traitor=adversary)
    if THREATS[info.threat].benign_only:
        lost = Arena(task, info.robots).benign_return(loyal) - played.benign_return
    else:
        lost = loyal.team_return - played.team_return
    return {"adversary": str(adversary.path)} | mean_and_error("loss", lost) | {"episodes": EPISODES}
