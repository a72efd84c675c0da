// The HTTP headers that the studio is served with.

/**
 * Nothing from elsewhere, and nothing to elsewhere.
 * @param {{ framed?: boolean }} [options] `framed` leaves frame-ancestors out
 */
export function contentSecurityPolicy({ framed = false } = {}) {
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' blob: data:",
    "media-src 'self' blob:",
    "connect-src 'self'",
    "worker-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    ...(framed ? [] : ["frame-ancestors 'none'"]),
  ].join('; ');
}

/** @returns {Record<string, string>} by name */
export function headers() {
  return {
    'Content-Security-Policy': contentSecurityPolicy(),
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Cross-Origin-Resource-Policy': 'same-origin',
    'Permissions-Policy': 'camera=(self), microphone=(), geolocation=()',
    'Referrer-Policy': 'no-referrer',
    'X-Content-Type-Options': 'nosniff',
    // The service worker keeps the files; a new version must be seen at once.
    'Cache-Control': 'no-cache',
  };
}
