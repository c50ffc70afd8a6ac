"""The forms of the pages."""

from typing import Any

from django import forms
from django.contrib.auth import get_user_model
from django.contrib.auth.password_validation import password_validators_help_text_html
from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator
from django.utils.text import capfirst

from . import passwords, people
from .conf import conf
from .names import validate_name


class PageForm(forms.Form):
    """A form whose faults are found by who sees them and by who hears them.

    Django ties a fault to its field with `aria-describedby` and `aria-invalid`.
    """

    #: The field that has the focus when nothing is wrong yet; empty: none.
    first = ""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.label_suffix = ""

    def focus(self) -> None:
        """Put the cursor into the first field with a fault; without one into the first of all, where there is one."""
        wrong = next((name for name in self.fields if name in self.errors), "") if self.is_bound else ""
        name = wrong or self.first
        if name:
            self.fields[name].widget.attrs["autofocus"] = True


def password_field(label: str, *, autocomplete: str, **kwargs: Any) -> forms.CharField:
    """Return a field for a password, taken as it is typed; what is too long is refused before anything hashes it.

    :param autocomplete: `current-password` or `new-password`, for password managers (ASVS 5.0, V6.2.7).
    """
    field = forms.CharField(
        label=label,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": autocomplete}),
        **kwargs,
    )
    field.validators.append(MaxLengthValidator(lambda: conf.max_password_length))
    if autocomplete == "new-password":
        field.help_text = password_validators_help_text_html()
    return field


def code_field(label: str, **kwargs: Any) -> forms.CharField:
    """Return a field for a code that an app shows, which browsers offer to fill in."""
    hints = {"autocomplete": "one-time-code", "autocapitalize": "none", "spellcheck": "false"}
    return forms.CharField(label=label, max_length=64, widget=forms.TextInput(attrs=hints), **kwargs)


class CredentialField(forms.JSONField):
    """JSON, which may be nested deeper than Python reads it."""

    def to_python(self, value: Any) -> Any:
        try:
            return super().to_python(value)
        except RecursionError:
            raise forms.ValidationError(self.error_messages["invalid"], code="invalid") from None


class PasskeyForm(PageForm):
    """What the page's script fills in: a passkey's answer, and the ticket of the challenge."""

    state = forms.CharField(max_length=1024, widget=forms.HiddenInput)
    credential = CredentialField(widget=forms.HiddenInput)

    def clean_credential(self) -> dict[str, Any]:
        credential = self.cleaned_data["credential"]
        if not isinstance(credential, dict):
            raise forms.ValidationError("This is no passkey.", "invalid")
        return credential


class NewPasskeyForm(PasskeyForm):
    """A passkey, and what its owner calls it."""

    first = "name"
    name = forms.CharField(label="Name", max_length=100, required=False, help_text="For example: Phone, Blue key.")


class ChallengedForm(PageForm):
    """What the page's script fills in where a challenge is due."""

    challenge = forms.CharField(required=False, max_length=4096, widget=forms.HiddenInput)


class SecondStepForm(ChallengedForm):
    """One field for both kinds of code."""

    first = "code"
    code = code_field("Code", help_text="Six digits of your authenticator app, or a recovery code.")


class FirstCodeForm(PageForm):
    """The first code of a new app."""

    code = code_field("Code that the app shows")


class ReauthenticateForm(ChallengedForm):
    """The password, and a code where there is a second factor."""

    first = "password"
    password = password_field("Password", autocomplete="current-password")
    code = code_field("Code", help_text="Six digits of your authenticator app, or a recovery code.")

    def __init__(self, *args: Any, has_codes: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not has_codes:
            del self.fields["code"]


class LoginForm(ChallengedForm):
    """The account is named by what the user model logs in with."""

    first = "identifier"
    identifier = forms.CharField(max_length=254)
    password = password_field("Password", autocomplete="current-password")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        model = get_user_model()
        name = model.USERNAME_FIELD
        field = self.fields["identifier"]
        field.label = capfirst(str(model._meta.get_field(name).verbose_name))  # type: ignore[union-attr]  # noqa: SLF001
        is_address = name == model.get_email_field_name()
        field.widget.attrs |= {"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false"}
        if is_address:
            field.widget.input_type = "email"


class AddressForm(PageForm):
    """Asks for an address, in whatever spelling."""

    first = "email"
    email = forms.CharField(
        label="E-mail address",
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "email", "autocapitalize": "none", "spellcheck": "false"}),
    )

    def clean_email(self) -> str:
        return people.plain_address(self.cleaned_data["email"])


class ForgotForm(ChallengedForm, AddressForm):
    pass


class RegisterForm(AddressForm):
    name = forms.CharField(
        label="Name (optional)",
        max_length=150,
        required=False,
        validators=[validate_name],
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    password = password_field("Password", autocomplete="new-password")

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if {"email", "password"} <= data.keys():
            try:
                passwords.check_new(data["password"], email=data["email"], name=data.get("name", ""))
            except ValidationError as error:
                self.add_error("password", error)
        return data


class LinkForm(PageForm):
    """Takes what stands after `#token=` in a mailed link: by a script from the address, or pasted by hand."""

    token = forms.CharField(
        label="The link from the message",
        help_text="Copy it from the message, as a whole.",
        max_length=1024,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "data-token": ""}),
    )

    def clean_token(self) -> str:
        token: str = self.cleaned_data["token"]
        return token.rpartition("#token=")[2]


class ResetForm(LinkForm):
    new_password = password_field("New password", autocomplete="new-password")


class PasswordForm(PageForm):
    first = "current_password"
    current_password = password_field("Current password", autocomplete="current-password")
    new_password = password_field("New password", autocomplete="new-password")


class DeletionForm(PageForm):
    agreed = forms.BooleanField(label="Delete my account, for ever")
