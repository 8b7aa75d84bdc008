/** The oldest Node.js that runs the gateway: type stripping without a flag, and what the dependencies ask for. */
export const minimumVersion = '24.12';

/** @param {string} version As in `process.version`, e.g. `v24.12.0`. */
export function isSupported(version) {
  const [major, minor] = version.replace(/^v/, '').split('.').map(Number);
  const [leastMajor, leastMinor] = minimumVersion.split('.').map(Number);
  return major > leastMajor || (major === leastMajor && minor >= leastMinor);
}
