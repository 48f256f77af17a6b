"""The shapes of the answers; the schema is made of them. No name of a child or parent occurs in any."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from schools.enums import RoundKind, RoundState


@extend_schema_field(
    {"oneOf": [{"type": "integer"}, {"type": "string", "enum": ["<5", "x"]}, {"type": "null"}]}
)
class CountField(serializers.Field[Any, Any, Any, Any]):
    """A number of children, ``<5``, ``x`` (not shown, since one below five would follow) or null (not known)."""

    def to_representation(self, value: Any) -> Any:
        return value


class ProblemSerializer(serializers.Serializer[Any]):
    """An error (RFC 9457)."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField(help_text="What is wrong, in a sentence")


class PublishedSchoolSerializer(serializers.Serializer[Any]):
    brin = serializers.CharField()
    name = serializers.CharField()
    places = serializers.IntegerField(allow_null=True, help_text="null: no ceiling, or not known")
    applications = CountField()
    drawn_places = serializers.IntegerField(allow_null=True, help_text="0: no draw was needed")
    admitted = CountField()
    central = CountField()
    admitted_by_group = serializers.DictField(child=CountField())


class PublishedRoundSerializer(serializers.Serializer[Any]):
    year = serializers.CharField()
    round = serializers.CharField()
    children = CountField()
    first_choice = CountField()
    central = CountField()
    unplaced = CountField()


class PublishedRoundDetailSerializer(PublishedRoundSerializer):
    note = serializers.CharField(help_text="What these figures are worth")
    schools = PublishedSchoolSerializer(many=True)


class RoundSerializer(serializers.Serializer[Any]):
    year = serializers.CharField()
    code = serializers.CharField()
    kind = serializers.ChoiceField(choices=RoundKind.values)
    state = serializers.ChoiceField(choices=RoundState.values)
    parents_from = serializers.DateField(allow_null=True)
    parents_until = serializers.DateField(allow_null=True)
    central_matching_on = serializers.DateField(allow_null=True)
    offers_on = serializers.DateField(allow_null=True)


class PlacesSerializer(serializers.Serializer[Any]):
    brin = serializers.CharField()
    name = serializers.CharField()
    ceiling = serializers.IntegerField(allow_null=True)


class RoundDetailSerializer(RoundSerializer):
    schools = PlacesSerializer(many=True)


class OutcomeSerializer(serializers.Serializer[Any]):
    registration_number = serializers.CharField()
    outcome = serializers.ChoiceField(
        choices=["admitted", "placed_lower", "unplaced", "unchanged", "withdrawn"]
    )
    brin = serializers.CharField(allow_blank=True)
    preference_rank = serializers.IntegerField(allow_null=True)
