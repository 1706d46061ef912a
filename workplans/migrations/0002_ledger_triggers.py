from django.db import migrations

from workplans.triggers import drop_triggers, install_triggers


def install(apps, schema_editor):
    install_triggers(schema_editor.connection)


def drop(apps, schema_editor):
    # Those of the other app come back with the signal after the migration.
    drop_triggers(schema_editor.connection)


class Migration(migrations.Migration):
    dependencies = [("workplans", "0001_initial")]

    operations = [migrations.RunPython(install, drop)]
