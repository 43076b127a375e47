/** Header names the parser and the buffers ask for. */
import { HeaderName } from './headers.js';

export const hHost = new HeaderName('host');
export const hContentLength = new HeaderName('content-length');
export const hTransferEncoding = new HeaderName('transfer-encoding');
export const hContentEncoding = new HeaderName('content-encoding');
export const hContentType = new HeaderName('content-type');
export const hContentDisposition = new HeaderName('content-disposition');
export const hContentRange = new HeaderName('content-range');
export const hAuthorization = new HeaderName('authorization');
export const hExpect = new HeaderName('expect');
export const hUpgrade = new HeaderName('upgrade');
export const hUserAgent = new HeaderName('user-agent');
export const hReferer = new HeaderName('referer');
export const hAccept = new HeaderName('accept');
export const hAcceptLanguage = new HeaderName('accept-language');
export const hAcceptEncoding = new HeaderName('accept-encoding');
export const hConnection = new HeaderName('connection');
export const hCookie = new HeaderName('cookie');
export const hSetCookie = new HeaderName('set-cookie');
export const hLocation = new HeaderName('location');
export const hServer = new HeaderName('server');
