mod desk;
mod mixing;
