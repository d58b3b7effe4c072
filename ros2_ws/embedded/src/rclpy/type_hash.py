from dataclasses import dataclass

SIZE = 32


@dataclass(slots=True)
class TypeHash:
    """Tells whether two types of one name have the same fields."""

    version: int = -1
    value: bytes = bytes(SIZE)

    @classmethod
    def from_text(cls, text: str) -> "TypeHash":
        """RIHS01_…, as endpoints announce it; anything else is invalid."""
        try:
            return cls(int(text[4:6]), bytes.fromhex(text[7:])) if text.startswith("RIHS") else cls()
        except ValueError:
            return cls()

    def __str__(self) -> str:
        valid = self.version > 0 and len(self.value) == SIZE
        return f"RIHS{self.version:02}_{self.value.hex()}" if valid else "INVALID"
