import { type ErrorPage, prefersHtml } from '../http/error-page.ts';
import { isBelow } from '../routing/table.ts';

/**
 * The form of an error answer, for all HTTP requests.
 *
 * @param path of the request, as it was sent
 * @param accept the value of its field `Accept`
 * @returns the page, for browsers outside the API; null: JSON
 */
export type ErrorForm = (path: string, accept: string | undefined) => ErrorPage | null;

/** @param prefix of the API */
export function createErrorForm(page: ErrorPage, prefix: string): ErrorForm {
  return (path, accept) => {
    // Browsers send targets that begin with a slash; any other could name a path below the prefix.
    const isOutsideApi = path.startsWith('/') && !isBelow(path, prefix);
    return isOutsideApi && prefersHtml(accept) ? page : null;
  };
}
