/** Fields by which a client claims an identity: in every spelling that a service may read as `X-User-Id`. */
export const FORGED_IDENTITIES: readonly (readonly string[])[] = [
  ['x-user-id: 2'],
  ['X-User-Id: 2', 'X-USER-ID: 3'],
  ['X_User_Id: 2'],
  ['x_user-id: 2', 'x-user_id: 3'],
  ['X.User.Id: 2', 'X.User-Id: 3', 'X-User.Id: 4'],
  ['X~User~Id: 2', 'X!User#Id: 3', 'X|User`Id: 4', "X'User*Id: 5", 'X+User^Id: 6', 'X$User&Id: 7', 'X%User%Id: 8'],
  ['X-User-Id:'],
  ['X-User-Id: 1, 2'],
  ['X-User-Scopes: all', 'X-User-Groups: admin', 'X-User-Email: root@example.com', 'X-User-Assertion: x.y.z'],
  ['X-User-Name: root', 'X-User-Role: admin', 'X-Username: root'],
  ['Connection: X-User-Id'],
  ['Connection: close, x-user-id', 'X-User-Id: 2'],
];

/** Fields by which a client claims to have sent another request, or to be at another address. */
export const FORGED_REQUESTS: readonly (readonly string[])[] = [
  ['X-Original-URI: /about', 'X-Original-URL: http://api.example.com/about', 'X-Original-Method: GET'],
  ['X-Forwarded-Uri: /about', 'X-Forwarded-Method: GET', 'X-Forwarded-Prefix: /about'],
  ['X_Original_URI: /about', 'X_Forwarded_Uri: /about', 'X.Original.Method: GET'],
  ['X-Original-URI: /about', 'X-Original-URI: /about', 'X-Forwarded-Uri: /about', 'X-Forwarded-Uri: /about'],
  ['X-Forwarded-For: 6.6.6.6'],
  ['X-Forwarded-For: 127.0.0.1', 'X-Forwarded-For: 6.6.6.6', 'Forwarded: for=6.6.6.6'],
  ['X-Rewrite-URL: /about', 'X-Envoy-Original-Path: /about', 'X-HTTP-Method-Override: GET'],
];
