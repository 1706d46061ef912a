"""Static files as production serves them: stylesheets without what only their authors read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.core.files.base import ContentFile
from django.core.files.storage import InMemoryStorage
from rcssmin import cssmin
from whitenoise.storage import CompressedManifestStaticFilesStorage


class SmallStaticFilesStorage(CompressedManifestStaticFilesStorage):
    """Collects static files compressed and named by content, stylesheets minified before."""

    def post_process(self, paths: dict[str, Any], *args: Any, **options: Any) -> Iterator[Any]:
        """Name and compress the files of `paths`: a storage and the path in it, by file name."""
        minified = InMemoryStorage()
        for name, (storage, path) in paths.items():
            if name.endswith(".css"):
                with storage.open(path) as source:
                    minified.save(name, ContentFile(cssmin(source.read())))
                paths[name] = (minified, name)
        yield from super().post_process(paths, *args, **options)
