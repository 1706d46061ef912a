"""Imports run one way: iasc_tracker → actionpoints → workplans."""

import ast
import importlib.util
import re

import pytest
from django.conf import settings

# Each package, and those that it may know beside itself.
KNOWS = {
    "workplans": set(),
    "actionpoints": {"workplans"},
    "iasc_tracker": {"actionpoints", "workplans"},
}


def imported_packages(source, package):
    """The packages that a module imports, at its top or within a function."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [importlib.util.resolve_name("." * node.level + (node.module or ""), package)]
        else:
            continue
        yield from (name.partition(".")[0] for name in names)


@pytest.mark.parametrize("package", KNOWS)
def test_no_module_imports_against_the_direction(package):
    forbidden = set(KNOWS) - KNOWS[package] - {package}
    folder = settings.BASE_DIR / package
    modules = list(folder.rglob("*.py"))
    assert modules
    found = {
        str(path.relative_to(settings.BASE_DIR)): wrong
        for path in modules
        if (
            wrong := forbidden.intersection(
                imported_packages(
                    path.read_text(encoding="utf-8"),
                    ".".join(path.relative_to(settings.BASE_DIR).parent.parts),
                )
            )
        )
    }
    assert not found


def test_an_import_within_a_function_is_seen():
    source = "def f():\n    from actionpoints.models import X\n    import iasc_tracker.urls"
    assert set(imported_packages(source, "workplans")) == {"actionpoints", "iasc_tracker"}
    assert set(imported_packages("from ..models import X", "workplans.a.b")) == {"workplans"}


def test_templates_of_workplans_name_no_address_of_action_points():
    template_folders = [
        settings.BASE_DIR / "templates" / "workplans",
        settings.BASE_DIR / "workplans" / "templates",
    ]
    found = [
        str(path.relative_to(settings.BASE_DIR))
        for folder in template_folders
        for path in folder.rglob("*.*")
        if re.search(r"""["']actionpoints:""", path.read_text(encoding="utf-8"))
    ]
    assert not found
