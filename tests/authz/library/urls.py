from django.urls import include, path
from rest_framework.routers import SimpleRouter

from . import views

router = SimpleRouter()
router.register("books", views.BookViewSet)
router.register("stubborn", views.StubbornViewSet, basename="stubborn")
router.register("shelves", views.ShelfViewSet)
router.register("loans", views.LoanViewSet)

urlpatterns = [
    path("", include(router.urls)),
    path("undeclared/", views.Undeclared.as_view()),
    path("handmade/<pk>/", views.Handmade.as_view()),
    path("counted/", views.Counted.as_view()),
    path("inside/", views.marked_inside),
    path("outside/", views.marked_outside),
    path("unmarked/", views.unmarked),
    path("open/", views.open_to_all),
]
