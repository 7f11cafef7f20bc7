/** Jinja source in the form that the template engine reads: LF line ends, no `raw` blocks, no `{%+` and `+%}`. */
export function prepareTemplate(source: string): string {
  return source
    .replace(/\r\n?/g, '\n')
    .replace(
      /\{%([-+]?)\s*raw\s*(-?)%\}([^]*?)\{%(-?)\s*endraw\s*([-+]?)%\}/g,
      (_, before: string, first: string, body: string, last: string, after: string) => {
        let text = first ? body.trimStart() : body.replace(/^\n/, '');
        if (last) text = text.trimEnd();
        const escaped = text.replace(/[\\']/g, '\\$&').replace(/\n/g, '\\n');
        return `{{${before === '-' ? '-' : ''} '${escaped}' ${after === '-' ? '-' : ''}}}`;
      },
    )
    .replace(/\{%\+/g, "{{ '' }}{%")
    .replace(/\+%\}/g, "%}{{ '' }}");
}
