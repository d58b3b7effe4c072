"""Ways to look for the traitor that hurts a frozen team most.

Adding one is a class and a line here.
"""

from mir2_policies.attacks.families.family import Family
from mir2_policies.attacks.families.network import Network
from mir2_policies.attacks.families.plans import Plans
from mir2_policies.attacks.families.rules import Rules
from mir2_policies.attacks.families.scripts import Scripts
from mir2_policies.attacks.families.sequences import Sequences

# In the order in which they run: each begins with what those before it have found.
FAMILIES: dict[str, type[Family]] = {
    "scripts": Scripts,
    "rules": Rules,
    "plans": Plans,
    "sequences": Sequences,
    "network": Network,
}
