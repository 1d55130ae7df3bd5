//! What a browser does, as far as a test needs it.

use super::hostile::Hostile;

/// Signs a browser in at the service at `url`, whose provider `work` is a [`Hostile`] one; gives the session's
/// cookie. The client follows no redirect.
pub(crate) async fn sign_in(client: &reqwest::Client, url: &str) -> String {
    let cookie = |answer: &reqwest::Response, name: &str| {
        let all = answer.headers().get_all("set-cookie").into_iter();
        let all = all.map(|line| line.to_str().unwrap().split(';').next().unwrap());
        let mut all = all.filter(|pair| pair.starts_with(name) && !pair.ends_with('='));
        all.next().unwrap().to_owned()
    };
    let login = format!("{url}/auth/login?provider=work");
    let begun = client.get(login).send().await.unwrap();
    let flow = cookie(&begun, "fh-f-");
    let back = Hostile::follow(begun.headers()["location"].to_str().unwrap()).await;
    let done = client.get(&back).header("cookie", flow).send().await;
    let done = done.unwrap();
    assert_eq!(done.status(), 303);
    cookie(&done, "fh-s=")
}
