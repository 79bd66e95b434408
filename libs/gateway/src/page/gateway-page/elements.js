/** Makes an element. Text goes in as text: what came from a server never becomes markup. */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== false) made.setAttribute(name, value === true ? '' : String(value));
  }
  made.append(...children.filter((child) => child !== undefined));
  return made;
}

export const byId = (id) => document.getElementById(id);

export const quiet = (text) => element('p', { class: 'quiet' }, text);

/** @param columns {title, number?, cell(row)} */
export function table(columns, rows) {
  const head = element(
    'tr',
    {},
    ...columns.map(({ title, number }) => element('th', { class: number && 'number' }, title)),
  );
  const body = rows.map((row) =>
    element(
      'tr',
      {},
      ...columns.map(({ cell, number }) => element('td', { class: number && 'number' }, ...[cell(row)].flat())),
    ),
  );
  return element('table', {}, element('thead', {}, head), element('tbody', {}, ...body));
}

/** Groups digits of int64 text without making a float of it. */
export const grouped = (digits) => String(digits).replace(/\B(?=(\d{3})+(?!\d))/g, '\u202f');

export const badge = (text, kind = '') => element('span', { class: `badge ${kind}` }, text);
