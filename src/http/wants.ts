/** What the loaded rules look into: bodies nobody inspects are counted and framed, not kept. */
let request = true;
let response = true;

/** Says whether any rule inspects request bodies or uploads, and response bodies. Set when rules are installed. */
export function setBodyWanted(toServer: boolean, toClient: boolean): void {
  request = toServer;
  response = toClient;
}
export function requestBodyWanted(): boolean {
  return request;
}
export function responseBodyWanted(): boolean {
  return response;
}
