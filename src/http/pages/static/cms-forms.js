// A form that is on its way is not sent a second time, and says what takes long. Without this the page works just the same: what is
// sent twice is told by the server.

/** Then it can be sent again: somebody may have stopped it. */
const sendingMsMax = 60_000;

document.addEventListener('submit', (event) => {
  const form = event.target;
  if ('sending' in form.dataset) {
    event.preventDefault();
    return;
  }
  form.dataset.sending = '';
  // A button that is really disabled would lose the focus, and its own name and value in what is sent.
  for (const button of buttonsOf(form)) button.setAttribute('aria-disabled', 'true');
  if (bringsFiles(form, event.submitter)) say(form, form.dataset.filesText ?? '');
  setTimeout(() => free(form), sendingMsMax);
});

// Back and forward show the page as it was left.
window.addEventListener('pageshow', ({ persisted }) => {
  if (persisted) for (const form of document.forms) free(form);
});

const buttonsOf = (form) => form.querySelectorAll('button[type=submit]');

function bringsFiles(form, submitter) {
  if (submitter?.hasAttribute('formenctype')) return false;
  return [...form.querySelectorAll('input[type=file]')].some(({ files }) => files.length > 0);
}

function say(form, text) {
  const status = form.querySelector('[role=status]');
  if (status !== null) status.textContent = text;
}

function free(form) {
  delete form.dataset.sending;
  for (const button of buttonsOf(form)) button.removeAttribute('aria-disabled');
  say(form, '');
}
