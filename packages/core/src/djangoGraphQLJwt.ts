import { type Dialect, defaultDialect, type Verdict } from './dialect.ts';

const all = (verdict: Verdict, texts: readonly string[]): Record<string, Verdict> =>
  Object.fromEntries(texts.map(text => [text.toLowerCase(), verdict]));

/** The messages of one language; the last two answer a refresh. */
const dead: readonly (readonly string[])[] = [
  ['Signature has expired', 'Error decoding signature', 'Invalid token', 'User is disabled'],
  ['Refresh has expired', 'Refresh token is expired'],
  ['انتهت صلاحية التوقيع', 'خطأ في فك شفرة التوقيع', 'Token غير صالح', 'المستخدم معطل', 'انتهت صلاحية التحديث'],
  ['Signatur abgelaufen', 'Fehler beim dekodieren der Signatur', 'Ungültiger Token', 'Benutzer ist deaktiviert'],
  ['Sitzung abgelaufen'],
  ['La firma ha expirado', 'Error decodificando la firma', 'Token inválido', 'Usuario deshabilitado'],
  ['El refresco ha expirado'],
  ['La signature a expiré', 'Erreur de décodage de la signature', 'Token invalide', "L'utilisateur est désactivé"],
  ["L'actualisation a expiré"],
  ['Fout bij decodering van handtekening', 'Ongeldige token', 'Gebruiker is uitgeschakeld', 'Vernieuwen is verlopen'],
  ['A assinatura expirou', 'Erro ao decodificar a assinatura', 'Usuário desabilitado', 'A atualização expirou'],
];

const forbidden = [
  'You do not have permission to perform this action',
  'ليس لديك إذن للقيام بهذه العملية',
  'Keine Berechtigung für diese Aktion',
  'Usted no tiene permiso para realizar esta acción',
  "Vous n'avez pas la permission d'effectuer cette action",
  'Je bent niet gemachtigd om deze actie uit te voeren',
  'Você não tem permissão para realizar essa operação',
];

/**
 * django-graphql-jwt: messages without codes, in the language that Django chose: English, Arabic, German, Spanish, French,
 * Dutch (whose "Signature has expired" is Spanish) or Brazilian Portuguese. Who is signed out is told that a right is missing.
 *
 * @see https://github.com/flavors/django-graphql-jwt/tree/main/graphql_jwt/locale
 */
export const djangoGraphQLJwt: Dialect = {
  ...defaultDialect,
  messages: { ...all('unauthenticated', dead.flat()), ...all('forbidden', forbidden) },
};
