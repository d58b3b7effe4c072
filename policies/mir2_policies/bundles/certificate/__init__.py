"""How far any report of one ally can turn a robot's action: bounds that are proved, beside what attacks find."""
