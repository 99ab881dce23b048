const show = (selector, text) => {
  document.querySelector(selector).textContent = text;
};

void navigator.serviceWorker.register('/app/worker.js');
navigator.serviceWorker.ready.then(() => show('#state', 'Ready'));
document.querySelector('#ask').addEventListener('click', async () => {
  const response = await fetch('/app/greeting');
  show('output', `${response.status} ${await response.text()}`);
});
