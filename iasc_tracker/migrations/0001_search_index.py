from django.db import migrations, models

from iasc_tracker.search.engines import engine_of


def install(apps, schema_editor):
    engine_of(schema_editor.connection).install(schema_editor.connection)


def drop(apps, schema_editor):
    engine_of(schema_editor.connection).drop(schema_editor.connection)


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="SearchEntry",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("kind", models.CharField(max_length=20)),
                ("object_id", models.BigIntegerField()),
                ("sequence", models.PositiveIntegerField(default=0)),
                ("effective_on", models.DateField(null=True)),
                ("name", models.CharField(blank=True, max_length=300)),
                ("title", models.TextField()),
                ("text", models.TextField(blank=True)),
            ],
            options={
                "default_permissions": (),
                "constraints": [
                    models.UniqueConstraint(
                        fields=("kind", "object_id", "sequence"), name="searchentry_is_kept_once"
                    )
                ],
            },
        ),
        migrations.RunPython(install, drop),
    ]
