"""Stylesheets as they are collected: minified, compressed, and named by content."""

import gzip

from django.conf import settings
from django.core.files.storage import FileSystemStorage

from iasc_tracker.static_files import SmallStaticFilesStorage


def test_a_collected_stylesheet_is_minified_compressed_and_named_by_its_content(tmp_path):
    source = FileSystemStorage(settings.BASE_DIR / "static")
    collected = SmallStaticFilesStorage(location=tmp_path, base_url="/static/")
    collected.save("site.css", source.open("site.css"))
    processed = list(collected.post_process({"site.css": (source, "site.css")}))
    assert not [error for _name, _as, error in processed if isinstance(error, Exception)]
    name = collected.stored_name("site.css")
    assert name != "site.css"
    small = (tmp_path / name).read_text()
    assert "/*" not in small and "\n" not in small
    assert ".chips a:hover{" in small and "@media print{" in small
    packed = (tmp_path / f"{name}.gz").read_bytes()
    assert gzip.decompress(packed).decode() == small
    assert len(packed) <= 6_000
