import type { Dialect } from '../verdict/dialect.ts';
import { extendDefault } from './extendDefault.ts';

/**
 * django-graphql-jwt: messages without codes, in the language that Django selects. An operation without a token gets the
 * message of a missing permission. The messages about a refresh answer the mutation `refreshToken`.
 *
 * @see https://github.com/flavors/django-graphql-jwt/tree/main/graphql_jwt/locale
 */
export const djangoGraphQLJwt: Dialect = /* @__PURE__ */ extendDefault({
  messages: {
    // English
    'signature has expired': 'unauthenticated',
    'error decoding signature': 'unauthenticated',
    'invalid token': 'unauthenticated',
    'user is disabled': 'unauthenticated',
    'refresh has expired': 'unauthenticated',
    'refresh token is expired': 'unauthenticated',
    'you do not have permission to perform this action': 'forbidden',
    // Arabic
    'انتهت صلاحية التوقيع': 'unauthenticated',
    'خطأ في فك شفرة التوقيع': 'unauthenticated',
    'token غير صالح': 'unauthenticated',
    'المستخدم معطل': 'unauthenticated',
    'انتهت صلاحية التحديث': 'unauthenticated',
    'ليس لديك إذن للقيام بهذه العملية': 'forbidden',
    // German
    'signatur abgelaufen': 'unauthenticated',
    'fehler beim dekodieren der signatur': 'unauthenticated',
    'ungültiger token': 'unauthenticated',
    'benutzer ist deaktiviert': 'unauthenticated',
    'sitzung abgelaufen': 'unauthenticated',
    'keine berechtigung für diese aktion': 'forbidden',
    // Spanish; the first message is also the Dutch one
    'la firma ha expirado': 'unauthenticated',
    'error decodificando la firma': 'unauthenticated',
    'token inválido': 'unauthenticated',
    'usuario deshabilitado': 'unauthenticated',
    'el refresco ha expirado': 'unauthenticated',
    'usted no tiene permiso para realizar esta acción': 'forbidden',
    // French
    'la signature a expiré': 'unauthenticated',
    'erreur de décodage de la signature': 'unauthenticated',
    'token invalide': 'unauthenticated',
    "l'utilisateur est désactivé": 'unauthenticated',
    "l'actualisation a expiré": 'unauthenticated',
    "vous n'avez pas la permission d'effectuer cette action": 'forbidden',
    // Dutch
    'fout bij decodering van handtekening': 'unauthenticated',
    'ongeldige token': 'unauthenticated',
    'gebruiker is uitgeschakeld': 'unauthenticated',
    'vernieuwen is verlopen': 'unauthenticated',
    'je bent niet gemachtigd om deze actie uit te voeren': 'forbidden',
    // Brazilian Portuguese; its message for an invalid token is the Spanish one
    'a assinatura expirou': 'unauthenticated',
    'erro ao decodificar a assinatura': 'unauthenticated',
    'usuário desabilitado': 'unauthenticated',
    'a atualização expirou': 'unauthenticated',
    'você não tem permissão para realizar essa operação': 'forbidden',
  },
});
