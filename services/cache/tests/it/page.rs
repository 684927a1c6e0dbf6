//! The page shows what `/stats` says: by its text always, in a browser where there is one.

use std::path::PathBuf;
use std::process::Stdio;

use tokio::process::Command;
use tokio::time::timeout;

use crate::origin::{Behaviour, Origin};
use crate::service::{Service, config, ms};

async fn with_some_traffic() -> Service {
    let origin = Origin::start(|_, _| Behaviour::Good).await;
    let mut config = config(&origin);
    config.ttl = ms(600_000);
    let service = Service::start(&config).await;
    let http = service.client();
    for request in 0..20 {
        http.get(&format!("/key/k{}", request % 5)).await.unwrap();
    }
    service
}

/// The text of the element with an id, as it is written out in a page.
fn text_of<'page>(page: &'page str, id: &str) -> &'page str {
    let (_, after) = page.split_once(&format!("id=\"{id}\"")).expect(id);
    let (_, text) = after.split_once('>').unwrap();
    text.split('<').next().unwrap().trim()
}

#[tokio::test]
async fn the_page_has_a_place_for_every_figure_and_loads_nothing_else() {
    let service = with_some_traffic().await;
    let answer = service.client().get("/").await.unwrap();
    assert_eq!(answer.headers["content-type"], "text/html; charset=utf-8");
    let page = answer.text();
    let stats = service.stats().await;
    for name in [
        "hits", "misses", "fills", "errors", "shed", "filling", "entries",
    ] {
        assert!(stats[name].is_u64(), "{name}");
        assert_eq!(text_of(page, name), "–", "{name}");
    }
    for (name, value) in stats["split"].as_object().unwrap() {
        let id = if name == "misses" {
            "split_misses"
        } else {
            name
        };
        assert!(value.is_u64() || value.is_boolean(), "{name}");
        assert_eq!(text_of(page, id), "–", "{name}");
    }
    assert!(stats["latency"]["classes"].is_array() && stats["latency"]["first_class_us"].is_u64());
    for elsewhere in ["src=", "href=", "@import", "url(", "://"] {
        assert!(!page.contains(elsewhere), "{elsewhere}");
    }
}

fn browser() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    ["chromium", "chromium-browser", "google-chrome"]
        .iter()
        .flat_map(|name| std::env::split_paths(&path).map(move |folder| folder.join(name)))
        .find(|candidate| candidate.is_file())
}

#[tokio::test]
async fn a_browser_shows_the_figures() {
    let Some(browser) = browser() else {
        eprintln!("NOT CHECKED: there is no Chromium");
        return;
    };
    let service = with_some_traffic().await;
    let profile = std::env::temp_dir().join(format!("cache-service-{}", std::process::id()));
    let run = Command::new(browser)
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
        ])
        // As fast as it goes, until as much time of its own has passed and the answers are there.
        .args(["--virtual-time-budget=5000", "--dump-dom"])
        .arg(format!("--user-data-dir={}", profile.display()))
        .arg(format!("http://{}/", service.address))
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .output();
    let output = timeout(ms(60_000), run)
        .await
        .expect("in a minute")
        .unwrap();
    let _ = std::fs::remove_dir_all(profile);

    let page = String::from_utf8(output.stdout).unwrap();
    assert_eq!(text_of(&page, "state"), "live", "{page}");
    assert_eq!(text_of(&page, "hits"), "15");
    assert_eq!(text_of(&page, "misses"), "5");
    assert_eq!(text_of(&page, "entries"), "5");
    assert_eq!(text_of(&page, "errors"), "0");
    assert!(matches!(text_of(&page, "amended"), "true" | "false"));
    // The first poll covers everything since the start: a history of one point at 75 %.
    let (_, after) = page.split_once("id=\"history\"").unwrap();
    assert!(
        after.starts_with(" points=\"0,25"),
        "{}",
        &after[..40.min(after.len())]
    );
    assert!(page.contains("id=\"bar-read\" style=\"width: "));
    assert_ne!(text_of(&page, "p99"), "");
}
