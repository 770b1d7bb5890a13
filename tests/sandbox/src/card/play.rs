//! Playing a card to a reader that speaks the wire protocol of vpcd.

use std::{io, net::TcpStream, thread, time::Duration};

use super::{
    ATR, Card,
    vpcd::{self, Message},
};

/// How often a reader that is not there yet is looked for, and how long each time.
const TRIES: u32 = 100;
const PAUSE: Duration = Duration::from_millis(100);

/// Connects the card to the reader at `HOST:PORT` and answers until the reader closes the connection. A card that leaves the
/// field closes it itself and connects again.
///
/// # Errors
/// When there is no reader.
pub fn play(card: &mut Card, reader: &str) -> io::Result<()> {
    loop {
        let mut stream = connect(reader)?;
        card.reset();
        if answer(card, &mut stream).is_ok() {
            return Ok(());
        }
        thread::sleep(PAUSE);
    }
}

fn connect(reader: &str) -> io::Result<TcpStream> {
    let mut tries = 0;
    loop {
        match TcpStream::connect(reader) {
            Ok(stream) => {
                stream.set_nodelay(true)?;
                return Ok(stream);
            }
            Err(error) if tries >= TRIES => return Err(error),
            Err(_) => {
                tries += 1;
                thread::sleep(PAUSE);
            }
        }
    }
}

/// The card has left the field.
struct Gone;

fn answer(card: &mut Card, stream: &mut TcpStream) -> Result<(), Gone> {
    let slow = Duration::from_millis(card.made.quirks.slow_ms.into());
    loop {
        // Whatever ends the connection: the reader has gone.
        let Ok(message) = Message::receive(stream) else { return Ok(()) };
        let answer = match message {
            Message::PowerOff | Message::PowerOn | Message::Reset => {
                card.reset();
                continue;
            }
            Message::Unknown => continue,
            Message::Atr => ATR.to_vec(),
            Message::Command(apdu) => {
                thread::sleep(slow);
                card.transceive(&apdu).ok_or(Gone)?
            }
        };
        if vpcd::send(stream, &answer).is_err() {
            return Ok(());
        }
    }
}
