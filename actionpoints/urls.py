from django.urls import URLPattern

app_name = "actionpoints"

urlpatterns: list[URLPattern] = []
