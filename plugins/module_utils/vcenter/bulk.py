"""Retrieve properties of many objects with one request, pages followed."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from typing import Any

from lxml import etree

from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter import api, plain
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.plain import PlainObject
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.session import Session

vim = api.vim


def view_of(session: Session, container: Any, types: Sequence[Any]) -> Any:
    """A container view over everything of some types below an object. The caller destroys it."""
    return session.content.viewManager.CreateContainerView(container=container, type=list(types), recursive=True)


def retrieve(
    session: Session,
    paths: Mapping[Any, Sequence[str]],
    *,
    views: Sequence[Any] = (),
    objects: Sequence[Any] = (),
    page: int | None = None,
    convert: Callable[[etree._Element], Any] = plain.plain,
) -> Iterator[PlainObject]:
    """Properties (`paths` by type) of the objects in the views and of single objects, as they arrive.

    One call, and one more for each further page. `page` bounds the objects of a page; vCenter may bound it further.
    `convert`: as in plain.objects.
    """
    spec = _filter_spec(paths, views, objects)
    options = vim.PropertyCollector.RetrieveOptions(maxObjects=page)
    token = yield from _page(session, convert, "RetrievePropertiesEx", specSet=[spec], options=options)
    while token:
        token = yield from _page(session, convert, "ContinueRetrievePropertiesEx", token=token)


def _page(
    session: Session, convert: Callable[[etree._Element], Any], method: str, **values: Any
) -> Generator[PlainObject, None, str]:
    collector = session.content.propertyCollector
    info = api.method_info(collector, method)
    token = ""
    with session.stub.exchange(collector, info, api.arguments(info, values)) as stream:
        for item in plain.objects(stream, convert):
            if isinstance(item, str):
                token = item
            else:
                yield item
    return token


def _filter_spec(paths: Mapping[Any, Sequence[str]], views: Sequence[Any], objects: Sequence[Any]) -> Any:
    collector = vim.PropertyCollector
    traversal = collector.TraversalSpec(name="view", path="view", skip=False, type=vim.view.ContainerView)
    sets = [collector.ObjectSpec(obj=view, skip=True, selectSet=[traversal]) for view in views]
    sets += [collector.ObjectSpec(obj=single) for single in objects]
    properties = [collector.PropertySpec(type=kind, pathSet=list(path_set)) for kind, path_set in paths.items()]
    # An object that vanishes between two calls is left out and does not end the retrieval.
    return collector.FilterSpec(objectSet=sets, propSet=properties, reportMissingObjectsInResults=True)
