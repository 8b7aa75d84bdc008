/** A field as nginx names it in variables. */
export function variableName(field: string): string {
  return field.toLowerCase().replaceAll('-', '_');
}

/** The variable with what the client sent in a field. */
export function requestVariable(field: string): string {
  return `$http_${variableName(field)}`;
}

/** The variable with what a service gets in a field that overrides the method. */
export function overrideVariable(field: string): string {
  return `$gatehouse_${variableName(field)}`;
}
