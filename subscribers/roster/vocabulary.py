"""The words of lists in many languages: names of columns, and words for yes, no and a status; pure.

Everything is compared folded: lower case, without accents, spaces and signs.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from enum import StrEnum
from functools import lru_cache

from subscribers.model import Frequency, SubscriptionState, SuppressionReason

StatedStatus = SubscriptionState | SuppressionReason


class StatusField(StrEnum):
    """What a column can say about a status."""

    STATUS = "status"
    """A word for each status."""
    SUBSCRIBED = "subscribed"
    """Yes or no; no means unsubscribed."""
    CONFIRMED = "confirmed"
    """Yes or no; no means pending."""
    UNSUBSCRIBED = "unsubscribed"
    """Yes, no, or the date of the unsubscribe."""
    SUPPRESSED = "suppressed"
    """Yes, no, a date or a reason; the address must never be emailed."""
    BOUNCED = "bounced"
    """Yes, no, or the date of the bounce."""
    COMPLAINED = "complained"
    """Yes, no, or the date of the complaint."""
    PENDING = "pending"
    """Yes or no; yes means not confirmed."""


_NEGATIVE = re.compile(r"\s*[-\u2212]")
# Letters that Unicode does not decompose.
_LETTERS = str.maketrans(
    {"ł": "l", "ø": "o", "đ": "d", "\u0131": "i", "æ": "ae", "œ": "oe", "ð": "d", "þ": "th"}
)


@lru_cache(maxsize=4096)
def fold(text: str) -> str:
    """Return the form in which words of lists are compared: "Désabonné ?" becomes "desabonne"."""
    apart = unicodedata.normalize("NFD", text.casefold().translate(_LETTERS))
    # Only Latin, Greek and Cyrillic accents: without its mark, a Japanese syllable is another one.
    bare = "".join(char for char in apart if not "\u0300" <= char <= "\u036f")
    composed = unicodedata.normalize("NFKC", bare)
    word = "".join(char for char in composed if unicodedata.category(char)[0] in "LMN")
    return f"-{word}" if word.isdecimal() and _NEGATIVE.match(text) else word


def _folded(table: Mapping[str, str]) -> dict[str, str]:
    return {fold(name): meaning for meaning, names in table.items() for name in names.split()}


# English, German, French, Spanish, Italian, Portuguese, Dutch, Polish, Swedish, Turkish, Russian,
# Korean, Japanese, Chinese. Underscores separate words here; folding removes them.
FIELD_NAMES = _folded(
    {
        "address": "email emailaddress email_address_1 address mail e-mail e-mail-address"
        " 이메일 이메일주소 메일 메일주소 correo correo_electronico courriel adresse adresse_email"
        " adresse_mail adresse_e-mail e-mail-adresse mailadresse emailadresse indirizzo_email"
        " indirizzo_e-mail posta_elettronica endereco_de_email e-mailadres adres_email adres_e-mail"
        " epost e-post epostadress eposta e-posta почта эл_почта электронная_почта"
        " メール メールアドレス 电子邮件 邮箱 电子邮箱",
        "name": "name fullname full_name displayname subscriber_name 이름 성명 nom nom_complet nombre"
        " nombre_completo nome nome_completo naam volledige_naam namn imie_i_nazwisko имя"
        " ad_soyad 名前 氏名 お名前 姓名 성함",
        "first_name": "firstname first_name givenname given_name fname forename prenom vorname"
        " nombre_de_pila primeiro_nome voornaam imie fornamn fornavn jmeno etunimi keresztnev 名",
        "last_name": "lastname last_name surname familyname family_name lname nachname"
        " nom_de_famille apellido apellidos cognome sobrenome apelido achternaam nazwisko efternamn"
        " etternavn efternavn prijmeni sukunimi vezeteknev soyad фамилия 姓 성",
        "language": "language lang locale preferred_language 언어 sprache langue idioma lingua taal"
        " jezyk sprak dil язык 言語 语言",
        "timezone": "timezone time_zone tz timezone_name zeitzone fuseau_horaire zona_horaria"
        " huso_horario fuso_orario fuso_horario tijdzone strefa_czasowa tidszon saat_dilimi"
        " часовой_пояс 시간대 타임존 タイムゾーン 時間帯 时区",
        "tags": "tags tag groups segments 태그 etiquetas etichette etykiety schlagworte",
        "topics": "topics topic interests 관심주제 주제 themen temas sujets",
        "labels": "labels label",
        "newsletters": "newsletters newsletter lists list 뉴스레터",
        "subscriptions": "subscriptions",
        "frequency": "frequency haufigkeit frequence frecuencia 빈도 발송주기",
        "consent": "consent consentat consent_time consentedat consent_date confirmtime confirm_time"
        " confirm_date confirmation_date confirmation_time optintime optin_time opt_in_time"
        " optin_date opt_in_date confirmedat confirmed_at optedinat opted_in_at gdpr gdpr_consent"
        " consentement einwilligung consentimiento consenso consentimento toestemming zgoda"
        " samtycke согласие 수신동의일 동의일 동의 동의일시 同意 同意日",
        "consent_source": "source consentsource consent_source signup_source",
        "consents": "consents",
        "created_at": "createdat created created_on signupdate signup_date datejoined date_joined"
        " joined joined_at subscribedat subscribed_at subscription_date subscribe_date date_added"
        " added_time creation_date registered entered 가입일 구독일 date_d_inscription date_inscription"
        " anmeldedatum fecha_de_alta data_di_iscrizione data_de_inscricao inschrijfdatum"
        " data_zapisu 登録日",
        "acted_at": "actedat",
        "answers": "answers",
        "attributes": "attributes attribs",
    }
)

STATUS_NAMES: Mapping[str, StatusField] = {
    name: StatusField(meaning)
    for name, meaning in _folded(
        {
            "status": "status state subscription_status subscriber_status member_status email_status"
            " list_status global_status newsletter_status opt_in_status estado statut etat stato"
            " situacao stan статус durum tila stav allapot 상태 구독상태 ステータス 状態 配信状況 配信状態 状态"
            " abostatus κατασταση",
            "subscribed": "subscribed is_subscribed subscribed_to_emails active is_active enabled"
            " is_enabled opted_in opt_in optin is_opted_in email_opt_in accepts_marketing"
            " accepts_email_marketing email_marketing_consent subscriber is_subscriber"
            " newsletter_erwunscht newsletter_gewunscht newsletterempfang newsletter_optin angemeldet abonniert aktiv abonne"
            " abonnee inscrit actif suscrito activo iscritto attivo inscrito assinante ativo"
            " ingeschreven geabonneerd actief zapisany aktywny prenumererar подписан активен abone"
            " aktif tilmeldt pameldt prihlasen feliratkozott abonat tilaaja подписка підписаний 구독 구독중"
            " 수신동의 수신동의여부 마케팅동의 마케팅수신동의 마케팅수신동의여부 購読 購読中 配信希望 メルマガ"
            " メルマガ配信 メール配信 订阅 已订阅 수신 수신여부 메일수신 메일수신여부 메일수신동의 메일링수신"
            " 메일링수신여부 이메일수신 이메일수신여부 이메일수신동의 뉴스레터수신 뉴스레터수신여부 광고수신"
            " 광고수신여부 광고성정보수신 광고성정보수신여부 광고성정보수신동의 정보수신여부 소식지수신"
            " marketing marketing_emails email_marketing accepts_emails accepts_email accepts_newsletter"
            " allow_email allow_emails allow_marketing allow_newsletter email_allowed can_email"
            " mailable emailable is_mailable mailing_erlaubt email_erlaubt newsletter_erlaubt"
            " werbung_erlaubt mailing_autorise publicidad_permitida",
            "confirmed": "confirmed is_confirmed verified is_verified email_verified email_confirmed"
            " activated bestatigt confirme confirmado confermato confirmada bevestigd potwierdzony"
            " bekraftad подтвержден onaylandi 확인됨 인증 確認済み 已确认",
            "unsubscribed": "unsubscribed unsubscribe unsub is_unsubscribed unsubscribedat"
            " unsubscribed_at unsubscribed_on unsubtime unsub_time unsub_date unsubscribe_date"
            " unsubscribe_time unsubscription_date left leftat left_at optout opt_out opted_out"
            " is_opted_out opted_out_at optout_date opt_out_date email_opt_out"
            " has_opted_out_of_email disabled is_disabled email_disabled emails_disabled inactive"
            " cancelled canceled cancelled_at deleted is_deleted deleted_at deleted_on removed"
            " removed_at archived archived_at opted_out_of_email abgemeldet ausgetragen abbestellt"
            " abmeldedatum widerrufen inaktiv desabonne desabonnee desinscrit desinscrite"
            " date_de_desinscription date_desinscription inactif baja de_baja fecha_de_baja"
            " desuscrito cancelado inactivo disiscritto disiscrizione cancellato inattivo"
            " cancelou_inscricao descadastrado desinscrito inativo uitgeschreven afgemeld"
            " uitschrijfdatum inactief wypisany wypisana data_wypisania nieaktywny avregistrerad"
            " avslutad отписан отписался отписка aboneligi_iptal abonelikten_cikti iptal 해지 해지일"
            " 구독해지 구독취소 수신거부 수신거부일 탈퇴 탈퇴일 配信停止 購読解除 退会 退会日 解除"
            " 退订 取消订阅 cancellazione cancelamento cancelacion dado_de_baja darse_de_baja desuscripcion"
            " desabonnement desinscription data_wypisu wypis opt_out_list austragung austragungsdatum"
            " kein_newsletter keine_newsletter keine_werbung no_newsletter no_emails no_email"
            " pas_de_newsletter avanmald avanmalt avmeldt afmeldt frameldt odhlasen odhlasena odhlaseno"
            " odhlaseni odhlaseny leiratkozott leiratkozas dezabonat peruttu peruutettu отписки"
            " відписаний відписався διαγραφη deactivated deactivation withdrawn consent_withdrawn"
            " revoked revoked_at consent_revoked resigned quit unjoined terminated erased erasure"
            " purged anonymized anonymised forgotten right_to_be_forgotten gekundigt kundigung"
            " geloscht geloscht_am loschung widerspruch widersprochen werbewiderspruch resilie"
            " supprime anulado revocato revoca opgezegd rezygnacja uppsagd zruseno"
            " ayrildi iptal_tarihi отказ удален удалён 삭제 삭제일 解約 解約日 取消 取消日期 拒收"
            " ביטול إلغاء_الاشتراك",
            "suppressed": "suppressed do_not_contact donotcontact dnc do_not_email donotemail"
            " do_not_mail do_not_send blacklisted blacklist is_blacklisted email_blacklist"
            " blocklisted blocklist is_blocklisted blocked is_blocked denylisted banned"
            " gesperrt gesperrt_am nicht_kontaktieren sperrliste liste_noire bloque"
            " ne_pas_contacter no_contactar bloqueado lista_negra non_contattare bloccato"
            " nao_contatar geblokkeerd niet_contacteren zablokowany nie_kontaktowac blockerad"
            " заблокирован engellendi 차단 차단됨 수신차단 ブロック 黑名单 excluded is_excluded"
            " excluded_from_campaigns is_excluded_from_campaigns ineligible is_ineligible"
            " is_globally_ineligible suspended dnd do_not_disturb stop_email stop_emails no_mailings"
            " no_marketing no_bulk_email do_not_bulk_email ne_plus_contacter dnm dne do_not_market"
            " dont_email dont_contact dont_mail",
            "bounced": "bounced bounce is_bounced hard_bounce hard_bounced hardbounce bounced_at"
            " bounce_date bounced_on cleanedat cleaned_at cleantime clean_time cleaned undeliverable"
            " undeliverability_date is_undeliverable invalid unzustellbar zuruckgewiesen rebond"
            " rebondi rebotado rebote rimbalzato devolvido onbestelbaar odrzucony studsat"
            " 반송 반송됨 不達 退信 npai studsad invalid_email email_invalid"
            " unreachable dead_email email_dead zustellfehler エラー 不達日",
            "complained": "complained complaint complained_at spam spam_complaint marked_as_spam"
            " spam_report spam_reported abuse beschwerde plainte queja reclamo reclamacao klacht"
            " skarga 스팸신고 苦情 is_spam_complaining junk fbl"
            " feedback_loop 投诉",
            "pending": "pending is_pending is_opt_in_pending opt_in_pending unconfirmed is_unconfirmed"
            " not_confirmed nicht_bestatigt non_confirme no_confirmado non_confermato nao_confirmado"
            " niepotwierdzony 미인증 未確認",
        }
    ).items()
}

_STEMS = re.compile(
    # A column that contains one of these may say who must not be emailed.
    r"status|subscri|unsub|opt(?:ed|s|ing)?(?:in|out)|bounce|black|blocklist|blocked|donot|suppress"
    r"|complain|spam|disabled|enabled|inactiv|inaktiv|isactive|deleted|removed|cancel|banned|verified"
    r"|undeliver|abgemeldet|abbestell|abmeld|gesperrt|widerruf|desabon|desinscri|abonn|inscrit"
    r"|debaja|suscri|suscrip|disiscri|iscritt|descadastr|inscricao|uitgeschr|uitschr|afgemeld"
    r"|wypisa|zablokow|avregistr|отпис|подпис|해지|수신거부|구독|탈퇴|반송|차단|配信|購読|退会"
    r"|订阅|退订|wypis|avanm|avmeld|afmeld|frameld|odhlas|leiratkoz|dezabon|studsa|austrag|exclu"
    r"|ineligib|invalid|junk|відпис|διαγραφ|npai|deactivat|withdraw|revok|revoc"
    r"|suspend|unreach|erased|erasure|purge|anonymi|forgotten|bulkemail|stopemail|nomailings$"
    r"|gekundigt|kundigung|widerspr|gelosch|loschung|zustellfehler|resilie|supprim|opposition|anulad|opgezeg"
    r"|rezygn|uppsag|zrusen|ayril|iptal|отказ|удал[её]н|삭제|解約|取消|拒收|投诉|不達|エラー"
    r"|إلغاء|ביטול"
    # Who agreed, in a column that is not the one with the consent.
    r"|consen[st]|einwillig|erwunscht|toestemm|zgod[ay]|samtyck|samtykk|souhlas|соглас|동의|同意"
    r"|permission|permi[ts]|allow|accept|acept|accett|aceit|erlaub|einverst|zustimm|lopd|agree(?!ment)|autori[sz]|toegestaan"
    r"|разреш|συγκαταθ|κατασταση|允许|許可|拒否|拒绝|受信|수신(?!자|처)|거부|철회|메일링"
    # Who refused.
    r"|refus|declin|denied|deny|forbid|prohib|interdi|verboten|bloqu|objected|objection|opt$|^dn[cdem]$|dont(?:e?mail|contact|send)|nomail$"
    r"|^mailings?$|^(?:e?mail)?marketing(?:ok|flag|e?mails?|pref\w*)?$|e?mailable|emailok|okto(?:e?mail|contact)"
    r"|permission|gdpr|rgpd|dsgvo|(?:kein|keine|no|pasde)(?:newsletter|emails?|mail|werbung)$"
)

NOT_A_STATUS = frozenset(
    map(
        fold,
        (
            "subscriber_id subscriber_number subscriber_hash subscriber_since subscription_id"
            " subscription_tier subscription_plan subscription_source subscription_premium_tier_names"
            " bounce_count unsubscribe_link unsubscribe_url unsubscribe_reason unsub_reason"
            " marital_status order_status payment_status lead_status deal_status consent_ip"
            " consent_source consent_text consent_to_track"
        ).split(),
    )
)
"""Names that contain such a word and say something else."""

_STATUS_WORDS: Mapping[StatedStatus, str] = {
    SubscriptionState.CONFIRMED: "subscribed enabled active confirmed regular premium gifted"
    " trialed trialing paid verified opted_in optedin angemeldet aktiv abonniert abonne"
    " abonnee inscrit inscrite actif active_subscriber suscrito activo iscritto attivo inscrito"
    " ativo assinante ingeschreven geabonneerd actief zapisany aktywny prenumererar aktif подписан"
    " активен 구독 구독중 구독함 購読中 配信中 本登録 有効 已订阅 express explicit implied"
    " marketing_contact tilmeldt pameldt",
    SubscriptionState.PENDING: "pending unconfirmed unactivated unverified notconfirmed"
    " not_confirmed validating nonsubscribed non_subscribed not_subscribed awaiting_confirmation"
    " transactional new unpaid past_due churned churning expired paused needs_attention unbestatigt nicht_bestatigt ausstehend en_attente non_confirme pendiente"
    " sin_confirmar in_attesa non_confermato pendente nao_confirmado in_afwachting niet_bevestigd"
    " oczekujacy niepotwierdzony vantande ожидает не_подтвержден beklemede 대기 대기중 미확인 미인증 保留中 未確認 仮登録 未确认"
    " non_marketing_contact pendiente_de_confirmar temp_hold non_subscriber",
    SubscriptionState.UNSUBSCRIBED: "unsubscribed unsub left disabled inactive opted_out optedout"
    " opt_out optout cancelled canceled deleted removed archived deactivated abgemeldet ausgetragen abbestellt inaktiv deaktiviert"
    " geloscht desabonne desabonnee desinscrit desinscrite inactif supprime baja de_baja desuscrito"
    " dado_de_baja cancelado inactivo eliminado disiscritto cancellato inattivo descadastrado"
    " desinscrito inativo uitgeschreven afgemeld inactief verwijderd wypisany wypisana nieaktywny"
    " usuniety avregistrerad avslutad отписан отписался неактивен abonelikten_cikti pasif iptal 해지"
    " 구독해지 구독취소 수신거부 탈퇴 삭제 配信停止 停止 購読解除 退会 解除 無効 退订 取消订阅"
    " avanmald avmeldt afmeldt odhlasen leiratkozott dezabonat"
    " refused declined objected withdrawn consent_withdrawn revoked consent_revoked do_not_mail"
    " abgelehnt verweigert widersprochen widerrufen entzogen rechazado rechazada revocado retirado rifiutato"
    " revocato ritirato recusado revogado geweigerd ingetrokken odmowa wycofana wycofano nekad"
    " avvist aterkallat отказ отказался отозвано reddedildi απορριφθηκε"
    " 거부 거부함 수신거부함 거절 철회 동의철회 동의안함 미동의 비동의 미수신 수신안함"
    " 拒否 受信拒否 配信拒否 撤回 拒绝 拒收",
    SuppressionReason.BOUNCE: "cleaned bounced bounce hard_bounce hard_bounced hardbounced"
    " undeliverable invalid dead unzustellbar rebond rebondi rebotado rimbalzato devolvido"
    " onbestelbaar odrzucony studsat 반송 반송됨 자동삭제 不達 エラー 配信エラー エラー停止 退信",
    SuppressionReason.COMPLAINT: "complained complaint spam abuse spammy junk spam_complaint"
    " marked_as_spam reported 스팸신고 苦情",
    SuppressionReason.MANUAL: "blocklisted blacklisted blocked suppressed manual banned"
    " do_not_contact donotcontact dnc do_not_email gesperrt bloque bloquee bloqueado bloccato"
    " geblokkeerd zablokowany blockerad заблокирован engellendi 차단 차단됨 ブロック 黑名单",
}
STATUS_WORDS: Mapping[str, StatedStatus] = {
    fold(word): status for status, words in _STATUS_WORDS.items() for word in words.split()
}
CLEARLY_A_STATUS = frozenset(STATUS_WORDS) - {
    fold(word)
    for word in "new paid unpaid premium gifted regular left invalid manual dead spam junk express explicit"
    " implied objected retirado entzogen avvist 미수신 삭제 停止 エラー".split()
}
"""Words that hardly occur in another column, by which one without a known name is recognized."""

FREQUENCIES: Mapping[str, Frequency] = {
    fold(word): frequency
    for frequency, words in {
        Frequency.EACH: "each every each_issue every_issue every_time all jede_ausgabe chaque_numero"
        " cada_numero cada_edicion 매호 매번 모두",
        Frequency.WEEKLY: "weekly week weekly_digest once_a_week once_per_week once_weekly every_week"
        " wochentlich woche jede_woche einmal_pro_woche hebdomadaire hebdo chaque_semaine"
        " une_fois_par_semaine semanal semanalmente cada_semana una_vez_por_semana"
        " una_vez_a_la_semana 매주 주간 주_1회 주_한_번 일주일에_한_번",
        Frequency.MONTHLY: "monthly month monthly_digest once_a_month once_per_month once_monthly"
        " every_month monatlich monat jeden_monat einmal_pro_monat einmal_im_monat mensuel mensuelle"
        " mensuellement chaque_mois une_fois_par_mois mensual mensualmente cada_mes una_vez_al_mes"
        " una_vez_por_mes 매월 매달 월간 월_1회 월_한_번 한_달에_한_번",
    }.items()
    for word in words.split()
}

# The Newsletter Plugin for WordPress. Its U excludes that C means cancelled and S subscribed.
LETTERS: Mapping[str, StatedStatus] = {
    "c": SubscriptionState.CONFIRMED,
    "s": SubscriptionState.PENDING,
    "u": SubscriptionState.UNSUBSCRIBED,
    "b": SuppressionReason.BOUNCE,
    "p": SuppressionReason.COMPLAINT,
}

YES = frozenset(
    map(
        fold,
        (
            "yes y true t 1 x ok on checked agreed ja j oui o vrai si sim s wahr verdadero vero"
            " verdadeiro waar tak prawda sant да истина evet dogru ano igen kylla так 예 네 참 동의"
            " 동의함 はい 希望する 希望 同意 是"
        ).split(),
    )
)
NO = frozenset(
    map(
        fold,
        (
            "no n false f 0 off none null nil na n/a nein non faux nao falso falsch falsk nee onwaar"
            " nie falsz nej nei ne nem ei нет ні ложь hayir yanlis 아니오 아니요 거짓 미동의 비동의 동의안함 いいえ 希望しない 否 never not_set"
        ).split(),
    )
) | {""}


@lru_cache(maxsize=1024)
def looks_like_status(header: str) -> bool:
    """Return whether the name of a column suggests that it says who must not be emailed."""
    folded = fold(header)
    return folded not in NOT_A_STATUS and bool(_STEMS.search(folded))


def status_words(words: Iterable[str]) -> bool:
    """Return whether cells are a column of status words: all known, one clearly not another word."""
    folded = {fold(word) for word in words if word.strip()}
    return folded <= set(STATUS_WORDS) and any(map(tells_a_status, folded))


@lru_cache(maxsize=4096)
def tells_a_status(cell: str) -> bool:
    """Return whether a tag, or a cell of an unused column, says that someone must not be emailed."""
    word = fold(cell)
    return word in CLEARLY_A_STATUS and STATUS_WORDS[word] is not SubscriptionState.CONFIRMED
