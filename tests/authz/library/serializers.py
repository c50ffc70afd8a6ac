from typing import Any

from rest_framework import serializers

from .models import Book, Loan, Shelf


class BookSerializer(serializers.ModelSerializer[Book]):
    pages = serializers.IntegerField(required=False)

    class Meta:
        model = Book
        fields = ("id", "title", "status", "note", "pages", "on_hold", "tenant", "owner", "price")


class ShelfSerializer(serializers.ModelSerializer[Shelf]):
    keeper: Any = serializers.PrimaryKeyRelatedField(read_only=True)

    class Meta:
        model = Shelf
        fields = ("id", "name", "keeper")


class LoanSerializer(serializers.ModelSerializer[Loan]):
    class Meta:
        model = Loan
        fields = ("id", "book", "days")
