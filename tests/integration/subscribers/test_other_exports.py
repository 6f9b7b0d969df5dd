"""Lists of systems and languages without a profile: understood by their words, or refused."""

from pathlib import Path

import pytest

from subscribers.errors import UnclearStatus
from subscribers.roster.columns import Choices
from subscribers.roster.reading import open_listing
from tests.integration.subscribers.test_profiles import (
    BOUNCE,
    COMPLAINT,
    CONFIRMED,
    MANUAL,
    PENDING,
    UNSUBSCRIBED,
    outcomes,
)

# By system or language: the header, a row, and by the rest of the row the status that it states.
LISTS: dict[str, tuple[str, str, dict[str, str]]] = {
    "activecampaign": (
        "Contact ID,Email,First Name,Last Name,Tags,Date Created,Status,Bounced Date",
        "1,{address},Ann,Reed,,2024-05-01,{rest}",
        {
            "Active,": CONFIRMED,
            "Unsubscribed,": UNSUBSCRIBED,
            "Unconfirmed,": PENDING,
            "Bounced,2025-01-02 10:00": BOUNCE,
        },
    ),
    "hubspot": (
        "Record ID,First Name,Last Name,Email,Unsubscribed from all email,Email hard bounce reason,Marketing contact status,Lead Status",
        "51,Ann,Reed,{address},{rest}",
        {
            ",,Marketing contact,New": CONFIRMED,
            "true,,Marketing contact,Open": UNSUBSCRIBED,
            ",Mailbox does not exist,Marketing contact,": BOUNCE,
            ",,Non-marketing contact,": PENDING,
        },
    ),
    "hubspot-excluded": (
        "Record ID,Email,Opted out of email: Newsletter,Is globally ineligible",
        "1,{address},{rest}",
        {
            "false,false": CONFIRMED,
            "true,false": UNSUBSCRIBED,
            "false,true": MANUAL,
        },
    ),
    "constantcontact": (
        "Email address,First name,Last name,Email status,Email permission status,Email update source,Confirmed Opt-Out Date,Confirmed Opt-Out Reason",
        "{address},Ann,Reed,{rest}",
        {
            "Active,Express,Contact,,": CONFIRMED,
            "Unsubscribed,Unsubscribed,Contact,2025-02-03,": UNSUBSCRIBED,
            "Awaiting confirmation,Pending,Contact,,": PENDING,
            "Removed,,Contact,,": UNSUBSCRIBED,
            "Active,Implied,Contact,,": CONFIRMED,
        },
    ),
    "campaignmonitor": (
        "Email Address,Name,State,Date,Consent to Track",
        "{address},Ann,{rest}",
        {
            "Active,2024-05-01,No": CONFIRMED,
            "Unconfirmed,2024-05-01,No": PENDING,
            "Unsubscribed,2024-05-01,No": UNSUBSCRIBED,
            "Bounced,2024-05-01,No": BOUNCE,
            "Deleted,2024-05-01,No": UNSUBSCRIBED,
        },
    ),
    "mailerlite": (
        "Email,Status,Sent,Opened,Clicked,Subscribed,Unsubscribed,Signup IP,Confirmation timestamp",
        "{address},{rest}",
        {
            "active,3,2,1,2024-05-01 10:00:00,,,2024-05-01 10:00:00": CONFIRMED,
            "unsubscribed,3,2,1,2024-05-01 10:00:00,2025-01-01 09:00:00,,": UNSUBSCRIBED,
            "unconfirmed,0,0,0,2024-05-01 10:00:00,,,": PENDING,
            "bounced,3,0,0,2024-05-01 10:00:00,,,": BOUNCE,
            "junk,3,0,0,2024-05-01 10:00:00,,,": COMPLAINT,
        },
    ),
    "mailjet": (
        "Email,Name,IsExcludedFromCampaigns,IsOptInPending,IsSpamComplaining,CreatedAt",
        "{address},Ann,{rest}",
        {
            "false,false,false,2024-05-01": CONFIRMED,
            "true,false,false,2024-05-01": MANUAL,
            "false,true,false,2024-05-01": PENDING,
            "false,false,true,2024-05-01": COMPLAINT,
        },
    ),
    "mailjet-2": (
        "email,name,unsub,unsubscribed_at",
        "{address},Ann,{rest}",
        {
            "False,": CONFIRMED,
            "True,2025-01-01": UNSUBSCRIBED,
        },
    ),
    "mailjet-only": (
        "Email,Name,IsExcludedFromCampaigns",
        "{address},Ann,{rest}",
        {
            "false": CONFIRMED,
            "true": MANUAL,
        },
    ),
    "es": (
        "Correo electrónico;Nombre;Apellidos;Dado de baja;Fecha de baja",
        "{address};Ana;Ruiz;{rest}",
        {
            "No;": CONFIRMED,
            "Sí;03/02/2025": UNSUBSCRIBED,
        },
    ),
    "es2": (
        "Correo;Nombre;Estado de la suscripción",
        "{address};Ana;{rest}",
        {
            "Activo": CONFIRMED,
            "Baja": UNSUBSCRIBED,
            "Pendiente de confirmar": PENDING,
            "Rebotado": BOUNCE,
        },
    ),
    "pl": (
        "Adres e-mail;Imię;Nazwisko;Status subskrypcji;Data wypisu",
        "{address};Ania;Nowak;{rest}",
        {
            "aktywny;": CONFIRMED,
            "wypisany;2025-02-03": UNSUBSCRIBED,
            "niepotwierdzony;": PENDING,
            "odrzucony;": BOUNCE,
        },
    ),
    "ja": (
        "メールアドレス,氏名,配信状況,退会日",
        "{address},山田,{rest}",
        {
            "配信中,": CONFIRMED,
            "配信停止,": UNSUBSCRIBED,
            "配信中,2025/02/03": UNSUBSCRIBED,
            "エラー,": BOUNCE,
            "仮登録,": PENDING,
        },
    ),
    "ja2": (
        "E-mail,お名前,メルマガ配信,登録日",
        "{address},山田,{rest}",
        {
            "希望する,2024/05/01": CONFIRMED,
            "希望しない,2024/05/01": UNSUBSCRIBED,
        },
    ),
    "ko-stibee": (
        "이메일 주소,이름,상태,구독일,수신거부일",
        "{address},안나,{rest}",
        {
            "구독 중,2024-05-01,": CONFIRMED,
            "수신거부,2024-05-01,2025-02-03": UNSUBSCRIBED,
            "자동 삭제,2024-05-01,": BOUNCE,
            "삭제,2024-05-01,": UNSUBSCRIBED,
        },
    ),
    "ko2": (
        "이메일,성함,마케팅 수신 동의 여부,수신동의일",
        "{address},안나,{rest}",
        {
            "Y,2024-05-01": CONFIRMED,
            "N,": UNSUBSCRIBED,
        },
    ),
    "pt": (
        "Endereço de e-mail;Nome;Situação;Data de cancelamento",
        "{address};Ana;{rest}",
        {
            "Ativo;": CONFIRMED,
            "Descadastrado;2025-02-03": UNSUBSCRIBED,
            "Pendente;": PENDING,
            "Devolvido;": BOUNCE,
        },
    ),
    "nl": (
        "E-mailadres;Voornaam;Achternaam;Uitgeschreven op",
        "{address};Anna;Vries;{rest}",
        {
            "": CONFIRMED,
            "03-02-2025": UNSUBSCRIBED,
        },
    ),
    "ru": (
        "Электронная почта;Имя;Статус подписки;Дата отписки",
        "{address};Анна;{rest}",
        {
            "Подписан;": CONFIRMED,
            "Отписан;03.02.2025": UNSUBSCRIBED,
            "Не подтверждён;": PENDING,  # noqa: RUF001 - Russian
            "Заблокирован;": MANUAL,
        },
    ),
    "sv": (
        "E-postadress;Förnamn;Avanmäld;Studsad",
        "{address};Anna;{rest}",
        {
            "Nej;Nej": CONFIRMED,
            "Ja;Nej": UNSUBSCRIBED,
            "Nej;Ja": BOUNCE,
        },
    ),
    "da": (
        "E-mail;Fornavn;Afmeldt",
        "{address};Anna;{rest}",
        {
            "Nej": CONFIRMED,
            "Ja": UNSUBSCRIBED,
        },
    ),
    "no": (
        "E-post;Fornavn;Avmeldt dato",
        "{address};Anna;{rest}",
        {
            "": CONFIRMED,
            "03.02.2025": UNSUBSCRIBED,
        },
    ),
    "cs": (
        "E-mail;Jméno;Odhlášen",
        "{address};Anna;{rest}",
        {
            "ne": CONFIRMED,
            "ano": UNSUBSCRIBED,
        },
    ),
    "de": (
        "E-Mail;Vorname;Nachname;Kein Newsletter",
        "{address};Anna;Berg;{rest}",
        {
            "nein": CONFIRMED,
            "ja": UNSUBSCRIBED,
        },
    ),
    "de2": (
        "E-Mail-Adresse;Anrede;Name;Newsletter erwünscht;Austragungsdatum",
        "{address};Frau;Berg;{rest}",
        {
            "ja;": CONFIRMED,
            "nein;": UNSUBSCRIBED,
            "ja;03.02.2025": UNSUBSCRIBED,
        },
    ),
    "fr": (
        "Courriel;Nom complet;Inscrit à la lettre;Date de désabonnement;NPAI",
        "{address};Anne;{rest}",
        {
            "oui;;": CONFIRMED,
            "non;;": UNSUBSCRIBED,
            "oui;03/02/2025;": UNSUBSCRIBED,
            "oui;;1": BOUNCE,
        },
    ),
    "crm": (
        "Email Address,Full Name,Email Opt Out,Do Not Email,Invalid Email",
        "{address},Ann,{rest}",
        {
            "0,0,0": CONFIRMED,
            "1,0,0": UNSUBSCRIBED,
            "0,1,0": MANUAL,
            "0,0,1": BOUNCE,
        },
    ),
    "crm2": (
        "E-mail,Contact,Subscriber?,GDPR consent",
        "{address},Ann,{rest}",
        {
            "Yes,Yes": CONFIRMED,
            "No,Yes": UNSUBSCRIBED,
            "Yes,No": PENDING,
        },
    ),
    "shopify": (
        "First Name,Last Name,Email,Accepts Email Marketing,Total Spent",
        "Ann,Reed,{address},{rest}",
        {
            "yes,0.00": CONFIRMED,
            "no,0.00": UNSUBSCRIBED,
        },
    ),
}


@pytest.mark.parametrize("system", LISTS)
def test_every_status_of_a_list_is_understood(system: str, tmp_path: Path) -> None:
    header, row, statuses = LISTS[system]
    lines, expected = [header], {}
    for number in range(10):
        for at, (rest, status) in enumerate(statuses.items()):
            address = f"{number}-{at}@example.org"
            lines.append(row.format(address=address, rest=rest))
            expected[address] = status
    path = tmp_path / "list.csv"
    path.write_text("\n".join(lines), encoding="utf-8")
    assert outcomes(path) == expected


@pytest.mark.parametrize(
    ("header", "cells"),
    [
        # The numbers of a status are codes, and in some systems 1 means blocked.
        ("status", ["0", "1"]),
        ("list status", ["1", "-1"]),
        ("user_status", ["0", "1"]),
        # Words around the name of a status can turn its meaning around.
        ("Not subscribed", ["yes", "no"]),
        ("Bounce score", ["3", "0"]),
        ("Cancelled orders", ["1", "0"]),
        # Who agreed to what, in a column that is not known as the one with the consent.
        ("Consenso marketing", ["Sì", "No"]),
        ("Zgoda marketingowa", ["tak", "nie"]),
        ("Marketing permissions", ["Email", ""]),
        ("Deactivated by", ["Kim", ""]),
        ("Opposition", ["oui", ""]),
        ("Kündigungsgrund", ["Zu viele", ""]),
        ("탈퇴 후 삭제", ["Y", ""]),
        ("opt", ["out", "in"]),
        ("κατάσταση", ["ανενεργός", "ενεργός"]),
        ("GDPR ok", ["no", "yes"]),
        ("LOPD", ["no", "si"]),
        ("Allows contact", ["0", "1"]),
        ("Autorise emailing", ["non", "oui"]),
        ("受信可否", ["否", "可"]),
        ("agree_yn", ["N", "Y"]),
        # A yes or no about email, by any name.
        ("Email ok?", ["no", "yes"]),
        ("рассылка", ["нет", "да"]),
    ],
)
def test_what_is_unclear_stops_the_import(header: str, cells: list[str], tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    rows = [f"{number}@example.org,{cell}" for number, cell in enumerate(cells)]
    path.write_text("\n".join([f"email,{header}", *rows]), encoding="utf-8")
    with pytest.raises(UnclearStatus) as stopped:
        outcomes(path)
    assert stopped.value.column == header
    assert open_listing(path, Choices(ignored=(header,))).layout.statuses == ()


@pytest.mark.parametrize("cell", ["-1", "\u22121", " -1 "])
def test_a_negative_number_is_not_a_yes(cell: str, tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text(f"email,subscribed,consent\na@example.org,{cell},{cell}\n")
    assert outcomes(path) == {"a@example.org": UNSUBSCRIBED}
    path.write_text(f"email,consent\na@example.org,{cell}\n")
    assert outcomes(path) == {"a@example.org": PENDING}
    path.write_text(f"email,unsubscribed\na@example.org,{cell}\n")
    assert outcomes(path) == {"a@example.org": UNSUBSCRIBED}


@pytest.mark.parametrize(
    ("header", "refusal", "agreement"),
    [
        ("수신여부", "거부", "동의"),
        ("메일수신여부", "N", "Y"),
        ("메일링 수신", "N", "Y"),
        ("이메일수신", "아니오", "예"),
        ("수신", "거부", "동의"),
        ("광고성 정보 수신", "N", "Y"),
        ("Mailing erlaubt", "nein", "ja"),
        ("mailable", "no", "yes"),
        ("dnm", "1", "0"),
        ("Do not market", "1", "0"),
        ("marketing", "FALSE", "TRUE"),
        ("Accepts emails", "no", "yes"),
        ("Allow email", "no", "yes"),
    ],
)
def test_who_refused_is_not_confirmed(
    header: str, refusal: str, agreement: str, tmp_path: Path
) -> None:
    path = tmp_path / "list.csv"
    path.write_text(f"email,{header}\n0@example.org,{refusal}\n1@example.org,{agreement}\n")
    found = outcomes(path)
    assert found["0@example.org"] in {UNSUBSCRIBED, MANUAL}
    assert found["1@example.org"] == CONFIRMED


@pytest.mark.parametrize(
    ("header", "cell"),
    [
        ("Mailing city", "Seoul"),
        ("수신자명", "Kim"),
        ("emails sent", "1"),
        ("htmlemail", "1"),
        ("Contact ID", "1"),
        ("utm_marketing", "web"),
    ],
)
def test_other_columns_do_not_stop_an_import(header: str, cell: str, tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text(f"email,{header}\na@example.org,{cell}\n")
    assert outcomes(path) == {"a@example.org": CONFIRMED}


GONE_HEADERS = """
Deactivated; Deactivation Date; Withdrawn; Consent Withdrawn; Revoked At; Resigned; Quit; Terminated; Erased;
Erasure Date; Purged; Anonymized; Right to be forgotten; Suspended; DND; Stop Email; No Mailings; No Bulk Email;
DoNotBulkEMail; Unreachable; Dead Email; FBL; Gekündigt; Kündigung; Gelöscht; Gelöscht am; Widerspruch;
Werbewiderspruch; Zustellfehler; Résilié; Supprimé; Ne plus contacter; Anulado; Revocato; Opgezegd; Rezygnacja;
Uppsagd; Zrušeno; IPTAL;
Отказ; Удалён; 삭제일; 解約; エラー; 不達日; 取消; 拒收; 投诉; ביטול;
إلغاء الاشتراك
""".replace("\n", " ").split(";")


@pytest.mark.parametrize("header", [header.strip() for header in GONE_HEADERS])
@pytest.mark.parametrize("no_and_yes", [("no", "yes"), ("", "2024-05-01"), ("0", "1"), ("", "x")])
def test_who_is_gone_by_any_word_is_never_confirmed(
    header: str, no_and_yes: tuple[str, str], tmp_path: Path
) -> None:
    path = tmp_path / "list.csv"
    rows = [f"{at}@example.org,{cell}" for at, cell in enumerate(no_and_yes)]
    path.write_text("\n".join([f"email,{header}", *rows]), encoding="utf-8")
    try:
        found = outcomes(path)
    except UnclearStatus:
        return
    assert found["0@example.org"] == CONFIRMED
    assert found["1@example.org"] != CONFIRMED
