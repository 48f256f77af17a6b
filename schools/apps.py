from django.apps import AppConfig
from django.db.models.signals import post_migrate, pre_migrate
from django.utils.translation import gettext_lazy as _


class SchoolsConfig(AppConfig):
    name = "schools"
    verbose_name = _("Schools and rounds")

    def ready(self) -> None:
        from schools.triggers import install_after_migrate, make_way_before_migrate

        pre_migrate.connect(make_way_before_migrate, sender=self, dispatch_uid="make_way_for_migrations")
        # Once, after all tables exist: SQLite loses the triggers of a table that a migration rebuilds.
        post_migrate.connect(install_after_migrate, sender=self, dispatch_uid="install_triggers")

        from django.contrib.auth.signals import user_logged_in

        from schools.services.own_sessions import note_login

        user_logged_in.connect(note_login, dispatch_uid="note_login")
