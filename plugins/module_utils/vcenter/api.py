"""The border to pyVmomi: its types are untyped in practice, so that `Any` stands here and nowhere else."""

from __future__ import annotations

from typing import Any

from pyVmomi import vim as _vim
from pyVmomi.SoapAdapter import SoapResponseDeserializer, SoapStubAdapter

vim: Any = _vim
StubAdapter: Any = SoapStubAdapter
ResponseDeserializer: Any = SoapResponseDeserializer

# The dialect that every call speaks. vCenter 7.0 and all later ones understand it, so no negotiation is needed.
NAMESPACE = "vim25/7.0.0.0"


def method_info(managed_object: Any, name: str) -> Any:
    """pyVmomi's description of a method: its name on the wire, parameters and result."""
    return getattr(type(managed_object), name).info


def arguments(info: Any, values: dict[str, Any]) -> list[Any]:
    """Values of a call in the order of the method's parameters; a parameter without a value is None."""
    names = [parameter.name for parameter in info.params]
    unknown = set(values) - set(names)
    if unknown:
        raise TypeError(f"{info.wsdlName} has no parameter {', '.join(sorted(unknown))}")
    return [values.get(name) for name in names]
