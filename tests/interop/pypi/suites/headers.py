"""Headers as the frameworks give them to an SDK."""


class AnyCase(dict):
    """Found by name in any case."""

    def __init__(self, headers):
        super().__init__({name.lower(): value for name, value in headers.items()})

    def __getitem__(self, name):
        return super().__getitem__(name.lower())

    def __contains__(self, name):
        return super().__contains__(name.lower())

    def get(self, name, otherwise=None):
        return super().get(name.lower(), otherwise)
