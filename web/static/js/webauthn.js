// Between the JSON of WebAuthn Level 3 and the objects that browsers take.
// Older browsers lack the JSON methods; the fallbacks below do the same by hand.

export function toBytes(base64url) {
  const base64 = base64url.replace(/-/g, '+').replace(/_/g, '/');
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0)).buffer;
}

export function toBase64url(buffer) {
  let binary = '';
  for (const byte of new Uint8Array(buffer)) binary += String.fromCharCode(byte);
  return btoa(binary).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '');
}

const withBytes = (descriptors) => descriptors?.map((each) => ({ ...each, id: toBytes(each.id) }));

export function creationOptions(json) {
  if (PublicKeyCredential.parseCreationOptionsFromJSON) {
    return PublicKeyCredential.parseCreationOptionsFromJSON(json);
  }
  return {
    ...json,
    challenge: toBytes(json.challenge),
    user: { ...json.user, id: toBytes(json.user.id) },
    excludeCredentials: withBytes(json.excludeCredentials) || [],
  };
}

export function requestOptions(json) {
  if (PublicKeyCredential.parseRequestOptionsFromJSON) {
    return PublicKeyCredential.parseRequestOptionsFromJSON(json);
  }
  return {
    ...json,
    challenge: toBytes(json.challenge),
    allowCredentials: withBytes(json.allowCredentials) || [],
  };
}

export function credentialJSON(credential) {
  // Some password managers replace the object and break its toJSON.
  try {
    if (credential.toJSON) return credential.toJSON();
  } catch {
    // The fields are still there.
  }
  const given = credential.response;
  const response = { clientDataJSON: toBase64url(given.clientDataJSON) };
  if (given.attestationObject) {
    response.attestationObject = toBase64url(given.attestationObject);
    response.transports = given.getTransports?.() ?? [];
  } else {
    response.authenticatorData = toBase64url(given.authenticatorData);
    response.signature = toBase64url(given.signature);
    if (given.userHandle) response.userHandle = toBase64url(given.userHandle);
  }
  return {
    id: credential.id,
    rawId: toBase64url(credential.rawId),
    type: credential.type,
    authenticatorAttachment: credential.authenticatorAttachment ?? undefined,
    clientExtensionResults: credential.getClientExtensionResults?.() ?? {},
    response,
  };
}
